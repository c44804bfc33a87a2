"""Proofs that are not whole hashes, and what single sources say beside those that decide."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from wizard.foreign import open_foreign
from wizard.recipes.model import Archive


def short_proof_wrong(path: Path, archive: Archive, hashes: Mapping[str, str]) -> str:
    """Say what speaks against a file by the first digits of its sha256 or its id in git.

    ``hashes`` holds the sha256; empty when the file is the archive.
    """
    found, wanted = hashes.get("sha256", ""), archive.sha256_start
    if not found.startswith(wanted):
        return f"its sha256 begins {found[:8]}, expected is {wanted}"
    if archive.git_blob and git_blob(path) != archive.git_blob:
        return f"git gives its content another id than {archive.git_blob}"
    return ""


def git_blob(path: Path) -> str:
    """Return the id git gives a file's content, hexadecimal."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open_foreign(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def hearsay_words(path: Path, archive: Archive, hashes: Mapping[str, str]) -> str:
    """Say where single sources agree and where they do not, to follow what told the archive."""
    found: dict[str, str | int] = {**hashes, "size": path.stat().st_size}
    agree, differ = [], []
    for each in archive.hearsay:
        stated: dict[str, str | int] = {**each.hashes, **({"size": each.size} if each.size else {})}
        known = {name: value for name, value in stated.items() if name in found}
        wrong = [name for name, value in known.items() if found[name] != value]
        if wrong:
            differ.append(f"{' and '.join(each.by)} states another {' and '.join(wrong)}")
        elif known:
            agree.append(f"{' and '.join(known)} as {' and '.join(each.by)} states")
    told = f", {', '.join(agree)}" if agree else ""
    return f"{told}; but {', '.join(differ)}" if differ else told
