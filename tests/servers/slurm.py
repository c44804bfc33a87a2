"""A real Slurm on loopback: munge, a controller and one node, started by this user."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import until

_TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
_SBIN = "/usr/sbin:/usr/local/sbin"
_CONFIG = """
ClusterName=tiny
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
SlurmctldPort={controller}
SlurmdPort={node}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=64 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def missing_slurm() -> str:
    """Return which programs of Slurm this machine lacks; empty when it can be started."""
    return " and ".join(tool for tool in _TOOLS if not _which(tool))


def _which(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path=_SBIN)


@dataclass(frozen=True)
class Slurm:
    """A running cluster of one node."""

    told: Mapping[str, str]
    """Environment that its commands find it by."""

    def __call__(self, *words: object, **more: str) -> str:
        """Run one of its commands and return what it printed."""
        return subprocess.run(
            [*map(str, words)],
            env={**self.told, **more},
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        ).stdout.strip()

    def facts(self, job: str) -> dict[str, str]:
        """Return what the controller says of a job."""
        words = self("scontrol", "show", "job", job).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def wait(self, job: str) -> str:
        """Wait for the end of a job and return how it ended, such as ``COMPLETED``."""
        running = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING")
        until(lambda: self.facts(job)["JobState"] not in running, 300)
        return self.facts(job)["JobState"]


@contextlib.contextmanager
def slurm(folder: Path) -> Iterator[Slurm]:
    """Start the daemons in a folder of their own and end them again."""
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    config, key = folder / "slurm.conf", folder / "munge.key"
    controller, node = _free_ports(2)
    host = socket.gethostname().partition(".")[0]
    fields = {"host": host, "folder": folder, "controller": controller, "node": node}
    user = subprocess.check_output(["id", "-un"], text=True).strip()
    config.write_text(_CONFIG.format(**fields, user=user, cpus=os.cpu_count()))
    key.write_bytes(os.urandom(64))
    key.chmod(0o400)
    folder.chmod(0o755)
    files = {"key": key, "socket": folder / "munge.sock", "pid": folder / "munge.pid"}
    files |= {"log": folder / "munge.log", "seed": folder / "munge.seed"}
    parts = [f"--{name}{'' if name == 'socket' else '-file'}={at}" for name, at in files.items()]
    told = {**os.environ, "SLURM_CONF": str(config)}
    with contextlib.ExitStack() as stack:
        cluster = Slurm(told)
        for words, pid in (
            (["munged", "--force", *parts], files["pid"]),
            (["slurmctld", "-c", "-L", folder / "slurmctld.log"], folder / "slurmctld.pid"),
            (["slurmd", "-L", folder / "slurmd.log"], folder / "slurmd.pid"),
        ):
            cluster(_which(words[0]), *words[1:])
            stack.callback(_end, pid)
            until(pid.is_file)
        until(lambda: "idle" in cluster("sinfo", "-h", "-o", "%T"))
        yield cluster


def _end(pid_file: Path) -> None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
        os.kill(int(pid_file.read_text()), signal.SIGTERM)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
