"""Where segwizard keeps its own small files about secrets, outside any install."""

from __future__ import annotations

from pathlib import Path

import platformdirs

APP = "segwizard"


def state_folder() -> Path:
    """Return this user's state folder, such as ``~/.local/state/segwizard``."""
    return Path(platformdirs.user_state_dir(APP, appauthor=False))


def index_path() -> Path:
    """Return the file of site and field names; it never holds a value."""
    return state_folder() / "credentials.json"


def secret_file_path() -> Path:
    """Return the file secrets are written to after a typed yes; alone in a 0700 folder."""
    return state_folder() / "secrets" / "secrets.json"
