"""Files that desktops, network disks, editors and browsers leave anywhere: never an error."""

from __future__ import annotations

import re

_SYSTEM = re.compile(
    r"""
    \._.* | \.DS_Store | \.localized | \.AppleDouble | \.apdisk | Icon\r | __MACOSX  # macOS
    | (?:eh)?thumbs(?:_vista)?\.db | desktop\.ini  # Windows
    | @eaDir | \.@__thumb | \#recycle  # network disks
    | \.directory | \.nfs[0-9a-f]+ | \.fuse_hidden[0-9a-f]+ | \.Trash-\d+  # Linux
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COPY = re.compile(
    r"""
    .*~ | \.\#.* | \#.*\# | \..*\.sw[a-p] | \.~lock\..*\#  # open editors
    | .*\.(?:bak|orig|tmp|crdownload|part|download|partial)  # unfinished
    | .*\ \(\d+\)(?:\.\w+)? | .*(?:\ -)?\ [Cc]opy(?:\ \d+|\ \(\d+\))?(?:\.\w+)?  # saved twice
    | Copy\ of\ .* | Kopie\ von\ .* | .*conflicted\ copy.* | .*\.sync-conflict-.*
    """,
    re.VERBOSE,
)


def is_system_file(name: str) -> bool:
    """Tell whether a name is one that only desktop systems and network disks give.

    No dataset rests on such a file, so unpacking does not make it and nobody misses it.
    """
    return _SYSTEM.fullmatch(name) is not None


def is_harmless(name: str) -> bool:
    """Tell whether a file of no list is something that programs leave, or a copy of another."""
    return is_system_file(name) or _COPY.fullmatch(name) is not None


def is_unseen(name: str) -> bool:
    """Tell whether a check that counts files passes over a name: hidden, or of the system."""
    return name.startswith(".") or is_system_file(name)
