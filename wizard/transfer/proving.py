"""The last look before bytes get their name: kind, size and hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from wizard.foreign import open_foreign
from wizard.progress import CancelToken, TransferProgress
from wizard.transfer import magic
from wizard.transfer.errors import HashMismatch, SizeMismatch, WrongContent
from wizard.transfer.request import DownloadProof, FetchRequest

_BLOCK = 1 << 20


def check_size(request: FetchRequest, size: int, where: str) -> None:
    """Raise ``SizeMismatch`` unless a file of ``size`` bytes can be the one asked for."""
    if request.size in {None, size}:
        return
    raise SizeMismatch(
        f"{request.name} is {size:,} bytes there; {request.size:,} are expected",
        where=where,
        hint="The file was replaced upstream, or this is another version; use another mirror, "
        "or give the new size and hash in a site file once you trust it.",
    )


def check_kind(request: FetchRequest, head: bytes, where: str) -> None:
    """Raise ``WrongContent`` when the first bytes are not those of such a file."""
    kind = magic.expected(request.name)
    if kind is None or kind.fits(head) or _is_unwrapped(request, head):
        return
    raise WrongContent(
        f"what came as {request.name} is no {kind.title}",
        where=where,
        hint="Open the address in a browser to see what it serves, or use another mirror.",
    )


def _is_unwrapped(request: FetchRequest, head: bytes) -> bool:
    """Tell whether a tar.gz comes without its gzip, where no hash or size says what must come."""
    unproven = request.size is None and not request.hashes
    return unproven and magic.is_gzip_name(request.name) and magic.is_fitting(request.name, head)


def check_encoding(request: FetchRequest, encoding: str, head: bytes, where: str) -> None:
    """Raise ``WrongContent`` when a gzip file comes in another gzip, though asked for as it is."""
    if "gzip" in encoding and magic.is_gzip_name(request.name) and magic.gzip_in_gzip(head):
        raise WrongContent(
            f"{request.name} comes compressed once more (Content-Encoding: {encoding})",
            where=where,
            hint="The server, or a proxy before it, changes what it sends. Use another mirror, "
            "or fetch the file elsewhere and import it.",
        )


def check_hashes(
    request: FetchRequest, found: Mapping[str, str], size: int, where: str, kept: str
) -> None:
    """Raise ``HashMismatch``, naming the file ``kept``, unless every known hash agrees."""
    for name, expected in request.hashes.items():
        if found[name] != expected:
            raise HashMismatch(
                f"{name} of {request.name} is {found[name]}, expected {expected} ({size:,} bytes)",
                where=where,
                hint=f"The bytes are kept as {kept}. If upstream replaced the file on purpose, "
                "give its new hash in a site file.",
            )


def download_proof(
    request: FetchRequest, found: Mapping[str, str], size: int, url: str
) -> DownloadProof:
    """Write down what was found and what it was compared with."""
    known = request.hashes
    return DownloadProof(
        size=size,
        sha256=found.get("sha256", ""),
        md5=found.get("md5", ""),
        sha1=found.get("sha1", ""),
        url=url,
        against=(("size",) if request.size is not None else ()) + tuple(known),
    )


def algorithms(request: FetchRequest, always: tuple[str, ...]) -> frozenset[str]:
    """Return which hashes a file needs."""
    return frozenset(always) | frozenset(request.hashes) | request.also


def prove_file(
    request: FetchRequest,
    path: Path,
    always: tuple[str, ...],
    progress: TransferProgress,
    token: CancelToken,
) -> DownloadProof:
    """Prove a file that is there already, reading it once; it is never changed.

    Raises ``SizeMismatch``, ``WrongContent``, ``HashMismatch`` or ``Cancelled``.
    """
    size, where = path.stat().st_size, str(path)
    check_size(request, size, where)
    digests = {
        name: hashlib.new(name, usedforsecurity=False) for name in algorithms(request, always)
    }
    progress.done, progress.total = 0, size
    with open_foreign(path) as file:
        check_kind(request, file.read(magic.HEAD), where)
        file.seek(0)
        while block := file.read(_BLOCK):
            token.check()
            for digest in digests.values():
                digest.update(block)
            progress.add(len(block))
    found = {name: digest.hexdigest() for name, digest in digests.items()}
    check_hashes(request, found, size, where, path.name)
    return download_proof(request, found, size, "")
