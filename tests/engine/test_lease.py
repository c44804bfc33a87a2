from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from wizard.engine import lease as leases
from wizard.engine.lease import STALE, Owner, acquire, current_owner, lease_path
from wizard.errors import DestinationError, LeaseError
from wizard.steps.step import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(dest=tmp_path, root=tmp_path)


def plant(place: Place, age: float = 0.0, **fields: object) -> None:
    path = lease_path(place)
    path.parent.mkdir(exist_ok=True)
    owner = Owner(key="theirs", host="far", pid=1, since=time.time(), **fields)  # type: ignore[arg-type]
    path.write_bytes(msgspec.json.encode(owner))
    moment = time.time() - age
    os.utime(path, (moment, moment))


def test_a_lease_is_held_once_and_given_back(place: Place):
    lease = acquire(place)
    assert current_owner(place) == lease.owner
    with pytest.raises(LeaseError, match=f"pid {os.getpid()}, since") as caught:
        acquire(place)
    assert caught.value.exit_code == 5
    assert "segwizard attach" in caught.value.hint
    lease.release()
    assert current_owner(place) is None
    acquire(place).release()


def test_a_dead_process_of_this_machine_is_taken_over_at_once(place: Place):
    script = (
        "import sys; from pathlib import Path; from wizard.engine.lease import acquire;"
        "from wizard.steps.step import Place; d = Path(sys.argv[1]); acquire(Place(d, d))"
    )
    subprocess.run([sys.executable, "-c", script, str(place.dest)], check=True, timeout=300)
    assert lease_path(place).exists()
    assert current_owner(place) is None
    lease = acquire(place)
    assert lease.owner.pid == os.getpid()


def test_a_holder_elsewhere_counts_until_its_heart_stops(place: Place):
    plant(place, age=STALE / 2)
    with pytest.raises(LeaseError, match="far, pid 1"):
        acquire(place)
    plant(place, age=STALE * 2)
    assert current_owner(place) is None
    acquire(place)


def test_whoever_lost_the_lease_is_told_at_the_next_heartbeat(place: Place):
    lease = acquire(place)
    plant(place)
    with pytest.raises(LeaseError):
        lease.renew()
    lease.release()
    assert lease_path(place).exists()


def test_a_lease_that_was_swept_away_is_put_back(place: Place):
    lease = acquire(place)
    lease_path(place).unlink()
    lease.renew()
    assert current_owner(place) == lease.owner


def test_an_empty_lease_belongs_to_somebody_who_is_just_starting(place: Place):
    path = lease_path(place)
    path.parent.mkdir()
    path.touch()
    with pytest.raises(LeaseError, match="just starting"):
        acquire(place)
    os.utime(path, (1, 1))
    acquire(place)


def test_only_one_of_two_takes_over(place: Place):
    plant(place, age=STALE * 2)
    lease_path(place).with_suffix(".takeover").touch()
    with pytest.raises(LeaseError):
        acquire(place)


def test_a_destination_that_cannot_be_written_is_named(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(DestinationError) as caught:
        acquire(Place(dest=blocked, root=blocked))
    assert str(blocked) in str(caught.value)


@pytest.mark.parametrize("linked", [True, False], ids=["links", "no links"])
def test_a_lease_that_finds_no_room_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    written: list[int] = []

    def write(descriptor: int, data: bytes) -> None:
        written.append(os.write(descriptor, data[:7]))
        if linked or len(written) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.write(descriptor, data[7:])

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(leases, "write_all", write)
    monkeypatch.setattr(leases, "link_new", refuse)
    with pytest.raises(DestinationError, match="No space left"):
        acquire(place)
    assert [*place.state.iterdir()] == []
