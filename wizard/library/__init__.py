"""An install as training code sees it: datasets, classes, and which image goes with which label.

Everything is read from the lists and tables on disk when it is asked for; nothing is decoded, no
thread starts, and neither numpy nor torch is imported.
"""

from __future__ import annotations

from wizard.library.dataset import ClassInfo, InstalledDataset
from wizard.library.library import Library, open_library
from wizard.library.samples import Sample, Samples

__all__ = ["ClassInfo", "InstalledDataset", "Library", "Sample", "Samples", "open_library"]
