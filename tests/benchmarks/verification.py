"""Proving labels against making them, in one run: ``python -m tests.benchmarks.verification``.

Each case is made and proven by turns, image by image, in CPU time of one worker thread; the floor
is what nobody can do without who looks at pixels: open every file once, decode it, compare.
``hash`` is the same for who trusts a digest: read every file once and take its sha256. ``run`` is
the last check of a run whose own worker made the labels, with the proofs that making hands over.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.label_cases import Bench, Case, chains, gray_case, kinds, relabelled
from wizard.labels.pixels.decode import read_values
from wizard.labels.tables.taxonomies import Tables
from wizard.labels.works.remap import RemapWork
from wizard.verify.dataset import ImageWork
from wizard.verify.image_proofs import dataset_proofs
from wizard.verify.making_witness import MakingWitness
from wizard.verify.specs.datasets import Verify
from wizard.verify.subject import Subject, layers_of
from wizard.work import Report


@dataclass(frozen=True)
class Figures:
    """The least CPU milliseconds of an image."""

    made: float
    proven: float
    floor: float
    hashed: float
    run: float


def measure(case: Case, runs: int) -> Figures:
    """Make, prove by hand, do the floor's work, and check as a run does, by turns."""
    bare: RemapWork = case.work
    subject = _subject(bare)
    proofs = dataset_proofs(subject, bare.root / "proofs")
    work = replace(bare, witness=MakingWitness(proofs, bare.spec))
    checks = ImageWork(subject)
    item = checks.items()[0]
    _photograph(subject, item.key, case)

    def make() -> None:
        for path in case.outputs:
            path.unlink(missing_ok=True)
        report = work.process(case.item)
        assert not any(finding.fatal for finding in report.findings)
        proofs.keep(report.proofs)

    def floor() -> None:
        for read, path in case.readers:
            read(path)
        for path in case.outputs:
            pixels = read_values(path)
            np.array_equal(pixels, pixels)

    def hashed() -> None:
        for path in {*(path for _, path in case.readers), *case.outputs}:
            hashlib.sha256(path.read_bytes()).digest()

    def prove() -> None:
        assert not any(finding.fatal for finding in checks.process(item).findings)

    def run() -> Callable[[], None]:
        last = ImageWork(subject, dataset_proofs(subject, bare.root / "proofs"))
        assert last.process(item) == Report(), "nothing is read, so nothing is proven anew"
        return lambda: assert_nothing(last.process(item))

    times: list[list[float]] = [[], [], [], [], []]
    for _ in range(runs):
        for spent, action in zip(times, (make, prove, floor, hashed), strict=False):
            spent.append(_cpu(action))
        times[4].append(_cpu(run()))
    return Figures(*map(min, times))


def _photograph(subject: Subject, listed: str, case: Case) -> None:
    """Write a photograph as large as the label."""
    with Image.open(subject.path(case.item.label)) as label:
        size = label.size
    path = subject.path(listed)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)


def assert_nothing(report: Report) -> None:
    """A check that found all as it was proven has nothing to say."""
    assert report == Report()


def _subject(work: RemapWork) -> Subject:
    spec = work.spec
    names = (spec.source, *(output.taxonomy for output in spec.outputs))
    verify = Verify(tables="tables", folder=spec.folder, taxonomies=names)
    layers = layers_of(verify.taxonomies, verify.segments, [spec])
    return Subject("bench", work.root, spec.folder or ".", Tables(work.tables), layers, ("train",))


def _cpu(action: Callable[[], None]) -> float:
    begin = time.thread_time()
    action()
    return 1000 * (time.thread_time() - begin)


def _cases(bench: Bench) -> Iterable[Case]:
    every = chain([gray_case(Bench(bench.folder / "first", 1))], kinds(bench), chains(bench))
    for case in chain(every, relabelled(bench)):
        if isinstance(case.work, RemapWork):
            yield case


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="labels-"))
    columns = ("make", "prove", "floor", "hash", "run")
    columns += ("prove/make", "prove/floor", "floor/make", "hash/make", "run/make")
    print(f"load {os.getloadavg()[0]:.1f}")
    print(f"{'case':24}" + "".join(f"{each:>12}" for each in columns))
    ratios = []
    try:
        # In a thread of its own, as in an install: the main one hands memory back each time.
        with ThreadPoolExecutor(1) as worker:
            for case in _cases(Bench(folder, 1)):
                found = worker.submit(measure, case, options.runs).result()
                shares = (
                    found.proven / found.made,
                    found.proven / found.floor,
                    found.floor / found.made,
                    found.hashed / found.made,
                    found.run / found.made,
                )
                ratios.append(shares)
                shown = (*astuple(found), *shares)
                print(f"{case.name:24}" + "".join(f"{each:12.2f}" for each in shown), flush=True)
    finally:
        shutil.rmtree(folder)
    goals = (
        "proving by hand, times making: 0.7",
        "proving by hand, times the floor: 1.3",
        "the floor itself, times making: none, it is what decoding takes",
        "hashing every file, times making: none",
        "the last check of a run, times making: 0.7",
    )
    for place, goal in enumerate(goals):
        middle = statistics.median(each[place] for each in ratios)
        print(f"median {middle:.2f}; goal for {goal}")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
