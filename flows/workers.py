"""Who computes the parts of a run: this process, several of this machine, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.pipeline.steps import Runner

TRIES = 3
DIED = (
    "workers died {tries} times and {left} parts of the run are not computed: most likely the "
    "memory did not suffice; ask for fewer workers"
)


class RunnerName(StrEnum):
    """Who computes the parts of a run."""

    LOCAL = "local"
    DASK = "dask"


def runner(name: RunnerName, workers: int, scheduler: str | None) -> Runner | None:
    """The runner of a name; None where this process computes one part after another.

    Raises RefusedError where the libraries of Dask are missing.
    """
    if name is RunnerName.DASK:
        from flows import cluster

        return cluster.dask(workers, scheduler)
    return Processes(workers) if workers > 1 else None


@dataclass(frozen=True)
class Processes:
    """A runner (steps.Runner) with so many processes, each with one part in memory at a time.

    What a process that died had not finished is computed by another one. Raises what a part raises,
    RefusedError after TRIES deaths.
    """

    count: int

    def __call__(self, folder: Path, number: int) -> None:
        """Compute all parts of the run in a folder."""
        from flows.pipeline import parts
        from flows.pipeline.steps import RefusedError

        for _ in range(TRIES):
            left = [one for one in range(number) if not parts.Folder(folder).is_done(one)]
            try:
                return _compute(folder, left, self.count)
            except BrokenProcessPool:
                continue
        raise RefusedError([DIED.format(tries=TRIES, left=len(left))])


def _compute(folder: Path, numbers: list[int], count: int) -> None:
    from flows.pipeline import parts

    # Prefect runs threads here, and a process forked beside threads may never come back.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(count, len(numbers) or 1), mp_context=spawn) as pool:
        futures = [pool.submit(parts.compute_in, folder, number) for number in numbers]
        done, left = wait(futures, return_when=FIRST_EXCEPTION)
        for future in left:
            future.cancel()
        for future in done:
            future.result()
