from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from wizard.engine.lease import STALE, Holder, acquire, current_holder, lease_path
from wizard.engine.step import Place
from wizard.errors import DestinationError, LeaseError


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(dest=tmp_path, root=tmp_path)


def plant(place: Place, age: float = 0.0, **fields: object) -> None:
    path = lease_path(place)
    path.parent.mkdir(exist_ok=True)
    holder = Holder(key="theirs", host="far", pid=1, since=time.time(), **fields)  # type: ignore[arg-type]
    path.write_bytes(msgspec.json.encode(holder))
    moment = time.time() - age
    os.utime(path, (moment, moment))


def test_a_lease_is_held_once_and_given_back(place: Place):
    lease = acquire(place)
    assert current_holder(place) == lease.holder
    with pytest.raises(LeaseError, match=f"pid {os.getpid()}, since") as caught:
        acquire(place)
    assert caught.value.exit_code == 5
    assert "segwizard attach" in caught.value.hint
    lease.release()
    assert current_holder(place) is None
    acquire(place).release()


def test_a_dead_process_of_this_machine_is_taken_over_at_once(place: Place):
    script = (
        "import sys; from pathlib import Path; from wizard.engine.lease import acquire;"
        "from wizard.engine.step import Place; d = Path(sys.argv[1]); acquire(Place(d, d))"
    )
    subprocess.run([sys.executable, "-c", script, str(place.dest)], check=True, timeout=30)
    assert lease_path(place).exists()
    assert current_holder(place) is None
    lease = acquire(place)
    assert lease.holder.pid == os.getpid()


def test_a_holder_elsewhere_counts_until_its_heart_stops(place: Place):
    plant(place, age=STALE / 2)
    with pytest.raises(LeaseError, match="far, pid 1"):
        acquire(place)
    plant(place, age=STALE * 2)
    assert current_holder(place) is None
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
    assert current_holder(place) == lease.holder


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
