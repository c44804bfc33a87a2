"""segwizard: from an empty disk to verified segmentation datasets."""

__version__ = "0.1.0"
