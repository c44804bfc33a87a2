"""Whether a destination can take an install, told with numbers before anything is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.recipes.small import small
from wizard import environment
from wizard.errors import DestinationError, EnvironmentFault, UsageError
from wizard.plan import preflight
from wizard.plan import volume as volumes
from wizard.plan.planner import make_plan
from wizard.plan.preflight import check_destination
from wizard.plan.volume import Volume, volume
from wizard.steps.planned import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_plan(small(tmp_path), None)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make the destination's file system be as a test wants it."""

    def be(**facts: object) -> Path:
        roomy = Volume(tmp_path, 10**9, 10**6, False, 255, 4096, "ext4")
        monkeypatch.setattr(preflight, "volume", lambda _: replace(roomy, **facts))
        return tmp_path / "dest"

    return be


def test_a_roomy_folder_will_do_and_nothing_is_left_behind(
    plan: Plan, room: Callable[..., Path], tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    found = check_destination(plan, room(), 1)
    assert (found.need_bytes, found.need_files) == (plan.peak_bytes, plan.inodes)
    assert sorted(tmp_path.iterdir()) == before


def test_a_real_folder_is_looked_at(plan: Plan, tmp_path: Path) -> None:
    found = check_destination(plan, tmp_path / "new" / "folder", 1)
    assert found.volume.folder == tmp_path
    assert found.volume.free_bytes > 0


def test_too_little_space_is_refused_with_the_numbers(
    plan: Plan, room: Callable[..., Path]
) -> None:
    with pytest.raises(DestinationError) as caught:
        check_destination(plan, room(free_bytes=3550), 1)
    assert "10.6 kB more are needed" in caught.value.message
    assert "are free" in caught.value.message
    assert "7.0 kB are missing" in caught.value.message
    assert "--without birds" in caught.value.hint
    assert caught.value.exit_code == 4


def test_deleting_archives_is_proposed_where_it_helps(
    tmp_path: Path, room: Callable[..., Path]
) -> None:
    plan = make_plan(small(tmp_path), None, keep=True)
    with pytest.raises(DestinationError) as caught:
        check_destination(plan, room(free_bytes=10_600), 1)
    assert "--delete-archives" in caught.value.hint


def test_steps_done_before_need_no_room_again(plan: Plan, room: Callable[..., Path]) -> None:
    everything = {step.address for step in plan.steps}
    assert check_destination(plan, room(free_bytes=0), 1, done=everything).need_bytes == 0


def test_too_few_inodes_are_refused_with_the_numbers(plan: Plan, room: Callable[..., Path]) -> None:
    with pytest.raises(DestinationError) as caught:
        check_destination(plan, room(free_files=70), 1)
    assert "71 more files" in caught.value.message
    assert "70" in caught.value.message


def test_file_systems_that_do_not_count_files_are_taken_at_their_word(
    plan: Plan, room: Callable[..., Path]
) -> None:
    assert check_destination(plan, room(free_files=None), 1).volume.free_files is None


@pytest.mark.parametrize("below", ["", "deep/er"])
def test_a_file_is_no_destination(plan: Plan, tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(DestinationError, match="is a file"):
        check_destination(plan, file / below, 1)


def test_a_link_to_nowhere_is_no_destination(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DestinationError, match="is no folder"):
        check_destination(plan, tmp_path / "link", 1)


def test_a_read_only_file_system_is_refused(plan: Plan, room: Callable[..., Path]) -> None:
    with pytest.raises(DestinationError, match="mounted read-only"):
        check_destination(plan, room(read_only=True), 1)


def test_a_folder_that_cannot_be_written_is_refused(
    plan: Plan, room: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(preflight, "unnamed_file", refuse)
    with pytest.raises(DestinationError, match="permission denied"):
        check_destination(plan, room(), 1)


def test_paths_and_names_must_fit(plan: Plan, room: Callable[..., Path]) -> None:
    with pytest.raises(DestinationError, match="path is too long"):
        check_destination(plan, room(longest_path=100), 1)
    with pytest.raises(DestinationError, match="file names may have 80 bytes"):
        check_destination(plan, room(longest_name=80), 1)


def test_a_network_file_system_gets_a_note(plan: Plan, room: Callable[..., Path]) -> None:
    (note,) = check_destination(plan, room(kind="nfs4"), 1).notes
    assert "nfs4" in note
    assert check_destination(plan, room(kind="ext4"), 1).notes == ()


def test_workers_must_be_able_to_work(plan: Plan, room: Callable[..., Path]) -> None:
    with pytest.raises(UsageError):
        check_destination(plan, room(), 0)
    (note,) = check_destination(plan, room(), 5000).notes
    assert "5000 workers share" in note


MOUNTS = r"""
rootfs / ext4 rw 0 0
server:/x /data nfs4 rw 0 0
/dev/sdb /data/fast\040disk xfs rw 0 0
tmpfs /database tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    "folder, kind",
    [("/home/x", "ext4"), ("/data/a", "nfs4"), ("/data/fast disk/a", "xfs"), ("/datab", "ext4")],
)
def test_the_nearest_mount_decides_what_kind_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, kind: str
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    monkeypatch.setattr(volumes, "_MOUNTS", mounts)
    monkeypatch.setattr(volumes, "existing", lambda _: Path(folder))
    status = os.statvfs(tmp_path)
    monkeypatch.setattr(volumes.os, "statvfs", lambda _: status)
    monkeypatch.setattr(volumes.os, "pathconf", lambda *_: 4096)
    found = volume(Path(folder))
    assert (found.kind, found.network) == (kind, kind == "nfs4")


def test_an_unreadable_proxy_is_named_before_anything_starts(
    plan: Plan, room: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ALL_PROXY", "socks9://ann:canary@host")
    with pytest.raises(EnvironmentFault) as caught:
        check_destination(plan, room(), 1)
    assert (caught.value.where, caught.value.exit_code) == ("ALL_PROXY", 4)
    assert "canary" not in str(caught.value)
    check_destination(plan, room(), 1, done=[step.address for step in plan.steps])
    monkeypatch.setenv("NO_PROXY", "*")
    check_destination(plan, room(), 1)


def test_a_limit_of_file_sizes_is_told_with_the_size_that_is_needed(
    plan: Plan, room: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "file_size_limit", lambda: 100)
    with pytest.raises(EnvironmentFault, match="100 bytes at most") as caught:
        check_destination(plan, room(), 1)
    assert caught.value.where == "ulimit -f"
