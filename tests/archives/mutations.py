"""Archives that are nearly right: seeded mutations of small ones, tried within stated bounds.

    python -m tests.archives.mutations [--rounds 1000] [--seed 0]

prints what became of each kind. Every round is a process of its own group of rounds whose memory
is limited, so that what goes over its bound is seen.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import resource
import struct
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.archives.makers import tree, unpack
from wizard.archives.extract import Options
from wizard.archives.listing import listing
from wizard.archives.specs import Nested
from wizard.errors import WizardError

CPU_MOST = 5.0
"""Seconds of CPU that unpacking a mutated archive of some kilobytes may take."""
MEMORY_MOST = 1 << 30
"""Bytes of address space beside what the interpreter has."""

Mutate = Callable[[random.Random, bytearray], None]


def seeds(rng: random.Random) -> dict[str, bytes]:
    """A small archive of each kind, with names, sizes and layouts of its own."""
    files = {
        f"top/{rng.choice('abc')}/{number}-{'ü' * rng.randrange(3)}.png": rng.randbytes(
            rng.choice([0, 10, 700, 9000])
        )
        for number in range(rng.randrange(1, 9))
    }
    files["top/text.json"] = b'{"a": [1, 2, 3]}' * rng.randrange(1, 90)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("inside/x.png", rng.randbytes(50))
    files["top/inner.zip"] = inner.getvalue()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as packed:
        for name, data in files.items():
            method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            with packed.open(zipfile.ZipInfo(name), "w", force_zip64=rng.random() < 0.3) as file:
                file.write(data)
            packed.writestr(f"more/{name}", data, method)
    tarred = io.BytesIO()
    form = rng.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
    with tarfile.open(fileobj=tarred, mode="w", format=form) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name if form == tarfile.USTAR_FORMAT else name + "x" * 120)
            info.size = len(data)
            if form == tarfile.PAX_FORMAT:
                info.pax_headers = {"comment": "c" * rng.randrange(300), "path": info.name}
            tar.addfile(info, io.BytesIO(data))
    plain = tarred.getvalue()
    return {"zip": zipped.getvalue(), "tar": plain, "tar.gz": gzip.compress(plain, 1)}


def flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.randrange(1, 6)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(1, len(data)) :]


def drop(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(len(data))
    del data[place : place + rng.randrange(1, 600)]


def repeat(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(len(data))
    data[place:place] = data[place : place + rng.randrange(1, 2000)] * rng.randrange(1, 5)


def extreme(rng: random.Random, data: bytearray) -> None:
    """Put a number no field expects at a place, more often than not in a header."""
    marks = [
        b"PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"PK\x06\x06",
        b"ustar",
        b" path=",
        b" size=",
    ]
    found = [at for mark in marks if (at := data.find(mark, rng.randrange(len(data)))) >= 0]
    place = min(len(data) - 1, (rng.choice(found) if found else 0) + rng.randrange(60))
    value = rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFE, 1 << 31])
    number = rng.choice([struct.pack("<L", value), struct.pack("<Q", value << 20), b"77777777777"])
    data[place : place + len(number)] = number


def swap(rng: random.Random, data: bytearray) -> None:
    """Exchange two runs of bytes."""
    size = rng.randrange(1, 64)
    first, second = (rng.randrange(max(1, len(data) - size)) for _ in range(2))
    data[first : first + size], data[second : second + size] = (
        data[second : second + size],
        data[first : first + size],
    )


def rename(rng: random.Random, data: bytearray) -> None:
    """Give a member another name in one of the places it has one."""
    names = [b"top/", b"more", b"inner", b"path=", b".png"]
    others = [b"../../", b"/etc/", b"\0\0\0\0", b"top//", b"\xff\xfe\xff", b"a" * 400, b"C:\\x\\"]
    at = data.find(rng.choice(names), rng.randrange(len(data)))
    if at >= 0:
        new = rng.choice(others)
        data[at : at + (len(new) if rng.random() < 0.7 else 4)] = new


MUTATIONS: tuple[Mutate, ...] = (flip, cut, drop, repeat, extreme, swap, rename)


def attempt(folder: Path, kind: str, data: bytes) -> str:
    """Unpack and list an archive; returns what became of it, raises what is no refusal of ours."""
    archive, out = folder / f"a.{kind}", folder / "out"
    archive.write_bytes(data)
    began = time.process_time()
    outcome = "unpacked"
    try:
        unpack(archive, out, nested=[Nested(member="*.zip", into="in")], options=Options())
    except WizardError as error:
        assert archive.name in error.where, error
        assert error.hint or "unpack" not in str(error)
        outcome = "refused"
    try:
        listing(archive)
    except WizardError as error:
        assert archive.name in error.where, error
    took = time.process_time() - began
    assert took < CPU_MOST, f"{took:.1f} s of CPU"
    for path in folder.rglob("*"):
        assert not path.is_symlink()
    beside = {path.name for path in folder.iterdir() if not path.name.startswith(".segwizard-")}
    assert beside <= {archive.name, "out"}, beside
    if outcome == "refused":
        assert not out.exists() or not tree(out)
    return outcome


def mutated(rng: random.Random, kind: str) -> bytes:
    """Return a small archive with one to three things wrong; in a tar.gz, mostly before packing."""
    data = seeds(rng)[kind]
    inside = kind == "tar.gz" and rng.random() < 0.6
    changed = bytearray(gzip.decompress(data) if inside else data)
    for _ in range(rng.randrange(1, 4)):
        if len(changed) > 1:
            rng.choice(MUTATIONS)(rng, changed)
    return gzip.compress(bytes(changed), 1) if inside else bytes(changed)


def rounds(kind: str, count: int, seed: int) -> Counter[str]:
    """Try ``count`` mutations of a kind; returns how many were unpacked and refused."""
    outcomes: Counter[str] = Counter()
    for number in range(count):
        rng = random.Random(f"{kind} {seed} {number}")
        data = mutated(rng, kind)
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcomes[attempt(Path(folder), kind, data)] += 1
            except BaseException as error:
                error.add_note(f"mutation {kind} {seed} {number}")
                raise
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description="Unpack mutated archives.")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_MOST, used + MEMORY_MOST))
    for kind in ("zip", "tar", "tar.gz"):
        began = time.monotonic()
        found = rounds(kind, arguments.rounds, arguments.seed)
        sys.stdout.write(f"{kind:7} {dict(found)} in {time.monotonic() - began:.0f} s\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"peak memory {peak:.0f} MiB\n")


if __name__ == "__main__":
    main()
