"""The parsers we wrote ourselves under a fuzzer that follows the code: by hand, with atheris.

``pip install atheris`` once, then ``python -m tests.harness.fuzzing NAME -max_total_time=60``;
NAME is one of ``TARGETS``. What a parser raises must be an error of ours.
"""

from __future__ import annotations

import io
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import atheris
import numpy as np
from scipy.io import savemat

with atheris.instrument_imports(include=["wizard"]):
    from wizard.archives.bounds import NO_LIMITS_STATED
    from wizard.archives.tar.reader import TarReader, damage_named
    from wizard.archives.zip.directory import read_directory
    from wizard.credentials.secret import Secret
    from wizard.credentials.secret_forms import Needles, reads_secret
    from wizard.errors import WizardError
    from wizard.harmless import harmless, is_harmless_text
    from wizard.labels.pixels import png
    from wizard.labels.pixels.png import decode_plain, encode_gray
    from wizard.labels.works.mat import load_variables
    from wizard.progress import CancelToken
    from wizard.proxies import ProxyRules
    from wizard.recipes.toml import parse_toml
    from wizard.transfer.links.pasted import read_link

_PLACE = Path(tempfile.mkdtemp(prefix="segwizard-fuzz-")) / "input"
_KNOWN = [Secret("Correct.Horse.9")]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _in_file(read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def feed(data: bytes) -> object:
        _PLACE.write_bytes(data)
        return read(_PLACE)

    return feed


def _tar(data: bytes) -> None:
    with damage_named("fuzz"):
        for _ in TarReader(io.BytesIO(data), "fuzz", token=CancelToken()):
            pass


def _secrets(data: bytes) -> None:
    left = Needles(_KNOWN).taken_out_of(data)
    assert not Needles(_KNOWN).found_in(left)
    reads_secret(left, _KNOWN)


def _spoken(data: bytes) -> None:
    assert is_harmless_text(harmless(_text(data)).replace("\n", ""))


def _png(data: bytes) -> None:
    decode_plain([*png.chunks(data, "fuzz")])


TARGETS: Mapping[str, Callable[[bytes], object]] = {
    "zip": _in_file(lambda path: read_directory(path, NO_LIMITS_STATED)),
    "tar": _tar,
    "matlab": _in_file(lambda path: load_variables(path, "x")),
    "png": _png,
    "toml": lambda data: parse_toml(_text(data), "fuzz"),
    "link": lambda data: read_link(_text(data), names=["a.zip"]),
    "proxy": lambda data: ProxyRules({"ALL_PROXY": _text(data)}).proxy_for("http://x.org/"),
    "secrets": _secrets,
    "spoken": _spoken,
}


def _packed(name: str) -> bytes:
    """A small sound archive, or MATLAB file, to begin from."""
    made = io.BytesIO()
    if name == "zip":
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/b.txt", "text" * 50)
            archive.writestr("ü.txt", "")
    elif name == "tar":
        with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path in ("a/b.txt", "ü" * 120):
                info = tarfile.TarInfo(path)
                info.size = 10
                archive.addfile(info, io.BytesIO(bytes(10)))
    else:
        savemat(made, {"x": np.array([{"a": np.eye(3), "b": "text"}])}, do_compression=False)
    return made.getvalue()


_LINK = (
    "https://x.s3.amazonaws.com/a.zip?AWSAccessKeyId=A&Expires=1999999999&Signature=abcdefghijk%3D"
)
SEEDS: Mapping[str, Callable[[], bytes]] = {
    "zip": lambda: _packed("zip"),
    "tar": lambda: _packed("tar"),
    "matlab": lambda: _packed("matlab"),
    "png": lambda: encode_gray(np.arange(48, dtype=np.uint8).reshape(6, 8)),
    "toml": lambda: b'id = "x"\n[[datasets]]\nid = "y"\nsteps = [{ kind = "extract" }]\n',
    "link": lambda: f"> <https://www.google.com/url?q={quote(_LINK, safe='')}>".encode(),
    "proxy": lambda: b"socks5h://user:pass%20word@[::1]:1080/",
    "secrets": lambda: b"password=Correct.Horse.9&x %43orrect.Horse.9 Q29ycmVjdC5Ib3JzZS45",
    "spoken": lambda: "a\x1b]0;x\x07\u202eb\n".encode(),
}


def main(name: str) -> None:
    """Fuzz one of the targets until something else than an error of ours comes out."""
    target = TARGETS[name]

    def once(data: bytes) -> None:
        try:
            target(data)
        except WizardError as error:
            assert str(error)

    begun = _PLACE.with_name("corpus")
    begun.mkdir()
    (begun / "seed").write_bytes(SEEDS[name]())
    atheris.Setup([sys.argv[0], *sys.argv[2:], str(begun)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1])
