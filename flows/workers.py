"""Runners of the parts of a run: this process, several of this machine, or a Dask cluster."""

from __future__ import annotations

from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from audience_impact.site.processes import count_processors, open_pool
from flows.division import ALONE, Division, count_part

TRIES = 3
DIED = (
    "workers died {tries} times and {left} parts of the run are not computed: most likely the "
    "memory did not suffice; ask for fewer workers"
)
MOST_ON_DASK, MOST_BESIDE = 500, 1_250
"""Maximum restrictions of a part: on Dask, and for each of several processes.

A process needs 450 MiB whatever it computes (half of it libraries, 70 the inverse of the figures),
and a third of a MiB for each restriction; a part takes two seconds whatever its size."""
LEAST_RESTRICTIONS, MOST_PROCESSES = 500, 2
"""Default minimum of restrictions per process, and maximum of processes: each needs most of a GiB.
"""
MOST_TOGETHER = 5_500
"""Maximum restrictions of a part that is computed beside others; a part is as large as its largest
country, and needs a quarter of a MiB for each restriction."""
SLACK = 1.1
"""Factor for unequal parts, since countries are not divided."""


class RunnerName(StrEnum):
    """The runner of the parts of a run."""

    LOCAL = "local"
    DASK = "dask"


def choose_division(
    name: RunnerName, workers: int | None, scheduler: str | None, restrictions: int
) -> Division:
    """Return the division of a run with this number of restrictions, with default workers.

    Raises RefusedError where the libraries of Dask are missing.
    """
    count = workers or count_processes(restrictions)
    if name is RunnerName.DASK:
        from flows import cluster

        return Division(cluster.make_dask_runner(count, scheduler), MOST_ON_DASK)
    if count == 1:
        return ALONE
    most = min(max(int(SLACK * restrictions / count), LEAST_RESTRICTIONS), MOST_BESIDE)
    return Division(Processes(count), most)


def count_processes(restrictions: int) -> int:
    """Return the number of processes that shorten a run of that size, at most the processors."""
    return max(1, min(count_processors(), MOST_PROCESSES, restrictions // LEAST_RESTRICTIONS))


@dataclass(frozen=True)
class Processes:
    """A runner with a number of processes, each with one part in memory at a time.

    Parts with more than MOST_TOGETHER restrictions are computed before the others, one at a time.
    If a process dies, another one computes its remaining parts. Raises the error of a part, and
    RefusedError after TRIES deaths.
    """

    count: int

    def __call__(self, folder: Path, number: int) -> None:
        """Compute all parts of the run in a folder."""
        from flows.pipeline import parts
        from flows.pipeline.steps import RefusedError

        run = parts.RunFolder(folder)
        counts = run.read_counts()
        for _ in range(TRIES):
            open_parts = [part for part in range(number) if not run.is_done(part)]
            large = [part for part in open_parts if counts[part] > MOST_TOGETHER]
            others = [part for part in open_parts if counts[part] <= MOST_TOGETHER]
            try:
                _compute_parts(folder, large, 1, (number - len(open_parts), number))
                return _compute_parts(folder, others, self.count, (number - len(others), number))
            except BrokenProcessPool:
                continue
        raise RefusedError([DIED.format(tries=TRIES, left=len(open_parts))])


def _compute_parts(
    folder: Path, numbers: list[int], processes: int, counts: tuple[int, int]
) -> None:
    """Compute the parts with these numbers; raise the first error.

    `counts` are the numbers of parts that were computed before, and of all.
    """
    from flows.pipeline import parts

    before, count = counts
    with open_pool(min(processes, len(numbers) or 1)) as pool:
        futures = [pool.submit(parts.compute_in, folder, number) for number in numbers]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                count_part(before + done, count)
        finally:
            for future in futures:
                future.cancel()
