"""Asking another address of a file that nobody hashed whether it has the same one.

Its size and both its ends are compared, which costs two short answers. Nobody who cannot be asked
keeps a file from being taken.
"""

from __future__ import annotations

import os
from pathlib import Path

from wizard.errors import Cancelled, WizardError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken
from wizard.transfer import magic
from wizard.transfer.http.addresses import host, reveal, shown
from wizard.transfer.http.opening import Opener, Response
from wizard.transfer.http.remote_file import Downloads
from wizard.transfer.http.response_head import read_head
from wizard.transfer.request import Address, FetchRequest

_END = 64 * 1024
"""Bytes of each end that are compared."""


def told_by_others(
    shared: Downloads, request: FetchRequest, used: str, path: Path, token: CancelToken
) -> str:
    """Return what the first other address that answers says of a file, as the end of a sentence.

    ``used`` is the address it came from, as it is shown; empty where no other can be asked.
    Raises ``Cancelled``.
    """
    for address in request.urls:
        if shown(address) == used:
            continue
        try:
            return _compared(shared, request, address, path, token)
        except Cancelled:
            raise
        except (WizardError, OSError):
            continue
    return ""


def _compared(
    shared: Downloads, request: FetchRequest, address: Address, path: Path, token: CancelToken
) -> str:
    opener, size = Opener(request, address, shared.client, shared.limiter), path.stat().st_size
    name = host(reveal(address))
    for start in dict.fromkeys((max(0, size - _END), 0)):
        wanted = f"bytes={start}-{min(start + _END, size) - 1}"
        with opener.body({"Range": wanted}, shared.policy, token) as answer:
            head = read_head(
                answer.status, answer.headers, raw_gzip=magic.is_gzip_name(request.name)
            )
            if head is None or head.encoding:
                return ""
            if head.total is not None and head.total != size:
                return f"; but {name} offers another file, of {head.total:,} bytes"
            theirs, at = _read(answer, _END, token), head.start
        ours = _ours(path, at, len(theirs))
        if theirs != ours:
            return f"; but {name} offers another file of this size"
    return f", and {name} offers one of the same size and ends"


def _read(answer: Response, most: int, token: CancelToken) -> bytes:
    """Read a body as far as it is compared; a whole file that came instead is not read on."""
    data = bytearray(answer.first)
    for block in answer.rest:
        token.check()
        data += block
        if len(data) >= most:
            break
    return bytes(data[:most])


def _ours(path: Path, start: int, length: int) -> bytes:
    with open_foreign(path) as file:
        file.seek(start, os.SEEK_SET)
        return file.read(length)
