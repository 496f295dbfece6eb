"""Processes beside this one, for work that Python does not let two threads do at once."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def count_processors() -> int:
    """Return the number of processors that this process may use."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return here or 1


def open_pool(most: int, prepare: Callable[..., Any] = tuple, *inputs: Any) -> ProcessPoolExecutor:
    """Return a pool of at most so many processes; each calls `prepare` with the inputs first.

    They end when this one is killed. They are no copies of it, whose libraries run threads: a
    process forked beside threads may never come back.
    """
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(most, spawn, _begin, (prepare, *inputs))


def _begin(prepare: Callable[..., object], *inputs: Any) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare(*inputs)


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
