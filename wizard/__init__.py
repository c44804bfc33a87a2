"""segwizard: from an empty disk to verified segmentation datasets.

``wizard.open(folder)`` reads an install: datasets, splits, classes, and the paths of every image
and its label (``wizard.library``).
"""

from __future__ import annotations

from importlib import import_module

from wizard.version import __version__ as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Known without ``typing``, which takes longer than the handler of Ctrl+C may.
    from typing import Any

    from wizard.library import open_library as open  # noqa: A004  # as in gzip.open

__all__ = ["open"]


def __getattr__(name: str) -> Any:
    """Load what reads installs when it is first asked for: every command imports this module."""
    if name == "open":
        return import_module("wizard.library").open_library
    raise AttributeError(f"module 'wizard' has no attribute {name!r}")
