"""Where recipes and the catalogue lie: those of the program, and a person's newer ones."""

from __future__ import annotations

from pathlib import Path

from platformdirs import PlatformDirs

CATALOGUE = "catalogue"
"""Folder of the catalogue's files, beside the recipes."""


def shipped() -> Path:
    """Return the folder of the recipes that come with the program, installed or checked out."""
    package = Path(__file__).parents[1]
    installed = package / "_assets" / "recipes"
    return installed if installed.is_dir() else package.parent / "assets" / "recipes"


def newer() -> Path:
    """Return the folder of the recipes a person took instead of those of the program."""
    return PlatformDirs("segwizard", appauthor=False).user_config_path / "recipes"


def _folders() -> tuple[Path, ...]:
    """Return where recipes are looked for; whoever has no home folder has none of their own."""
    try:
        return (shipped(), newer())
    except RuntimeError:
        return (shipped(),)


def recipe_files() -> dict[str, Path]:
    """Return the recipes by name; a person's own stands before that of the program."""
    folders = _folders()
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def catalogue_files() -> tuple[Path, ...]:
    """Return the files of the catalogue; entries of later ones replace those of earlier ones."""
    folders = (folder / CATALOGUE for folder in _folders())
    return tuple(path for folder in folders for path in sorted(folder.glob("*.toml")))
