"""Processes beside this one, for work that libraries do not let two threads do at once."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


def count_processors() -> int:
    """Return the number of processors that this process may use."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return here or 1


@contextmanager
def start_process() -> Iterator[ProcessPoolExecutor | None]:
    """Yield a second process; None where there is one processor, or the system allows none.

    What it has not begun at the end of the block is dropped.
    """
    try:
        process = open_pool(1) if count_processors() > 1 else None
    except (ImportError, NotImplementedError, OSError):  # a system without semaphores
        process = None
    try:
        yield process
    finally:
        if process is not None:
            process.shutdown(cancel_futures=True)


def open_pool(most: int) -> ProcessPoolExecutor:
    """Return a pool of new processes, which end when this one does.

    They are no copies of this one, whose libraries run threads: a process forked beside threads may
    never come back.
    """
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(most, mp_context=spawn, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Make the system end this process when its parent is killed, so that it does not wait."""
    parent = multiprocessing.parent_process()

    def await_parent() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=await_parent, daemon=True).start()
