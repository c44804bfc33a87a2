"""What sources say of an archive, brought together: what decides, and what contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from wizard.recipes.model import Archive
from wizard.recipes.step_table import Problem

_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}
_DATE = re.compile(r"(\d{4}(-\d{2}(-\d{2})?)?)?")
_START = re.compile(r"([0-9a-f]{8,64})?")
_BLOB = re.compile(r"([0-9a-f]{40})?")


def with_deciding_facts(archive: Archive) -> Archive:
    """Return the archive with its addresses in the order to try and the proofs that decide.

    What the archive itself states stands before what its sources state; a size that only one
    source states is an estimate.
    """
    ordered = sorted(archive.addresses, key=lambda each: each.gone)
    urls = dict.fromkeys((*archive.urls, *(each.url for each in ordered)))
    deciding = [each for each in archive.statements if each.decides]
    hashes = {name: value for each in reversed(deciding) for name, value in each.hashes.items()}
    hashes |= stated_hashes(archive)
    size = archive.size
    if size is None:
        size = next((each.size for each in deciding if each.size), None)
    heard = next((each.size for each in archive.hearsay if each.size), 0)
    return replace(
        archive,
        urls=tuple(urls),
        size=size,
        size_about=archive.size_about if size else archive.size_about or heard,
        md5=hashes.get("md5", ""),
        sha1=hashes.get("sha1", ""),
        sha256=hashes.get("sha256", ""),
    )


def stated_hashes(archive: Archive) -> dict[str, str]:
    """Return the hashes that decide whether a file is the archive, by algorithm."""
    known = {"sha256": archive.sha256, "sha1": archive.sha1, "md5": archive.md5}
    return {name: value for name, value in known.items() if value}


def is_web_address(url: str) -> bool:
    """Return whether something can be fetched with http."""
    return _ADDRESS.fullmatch(url) is not None


def proof_problems(
    prefix: str, size: int | None, md5: str, sha1: str, sha256: str
) -> Iterator[Problem]:
    """Yield what is wrong with a size or a hash; ``prefix`` begins their keys."""
    if size is not None and size <= 0:
        yield f"{prefix}size", "should be a positive number of bytes", "leave it out if unknown"
    for name, value in (("md5", md5), ("sha1", sha1), ("sha256", sha256)):
        if value and not re.fullmatch(f"[0-9a-f]{{{_DIGITS[name]}}}", value):
            yield f"{prefix}{name}", f"should be {_DIGITS[name]} digits of 0-9 and a-f", ""


def fact_problems(archive: Archive, key: str) -> Iterator[Problem]:
    """Yield what is wrong with what sources say: addresses, dates, proofs that disagree."""
    if not _START.fullmatch(archive.sha256_start):
        yield f"{key}.sha256_start", "should be 8 to 64 digits of 0-9 and a-f", ""
    if not _BLOB.fullmatch(archive.git_blob):
        yield f"{key}.git_blob", "should be 40 digits of 0-9 and a-f", ""
    for index, address in enumerate(archive.addresses):
        here = f"{key}.addresses[{index}]"
        if not is_web_address(address.url):
            yield f"{here}.url", f"is no http address: {address.url!r}", ""
        for name, date in (("alive", address.alive), ("dead", address.dead)):
            if not _DATE.fullmatch(date):
                yield f"{here}.{name}", f"is no date: {date!r}", "write it as 2026-11-27 or 2026-11"
    for index, each in enumerate(archive.statements):
        here = f"{key}.statements[{index}]"
        if not each.by:
            yield f"{here}.by", "is empty: who states this?", ""
        yield from proof_problems(f"{here}.", each.size, each.md5, each.sha1, each.sha256)
    yield from _disagreements(archive, key)


def _disagreements(archive: Archive, key: str) -> Iterator[Problem]:
    known: dict[str, str | int | None] = {"size": archive.size, **stated_hashes(archive)}
    for each in (each for each in archive.statements if each.decides):
        stated: dict[str, str | int | None] = {"size": each.size, **each.hashes}
        for name, value in stated.items():
            if value and known.setdefault(name, value) not in (None, value):
                reason = f"is stated differently by {' and '.join(each.by)}"
                yield f"{key}.{name}", reason, "leave out the wrong one"
    if archive.sha256 and not archive.sha256.startswith(archive.sha256_start):
        yield f"{key}.sha256_start", "does not begin the sha256 that is stated", ""
