"""Steps done before the flow that asks for them has begun, while Prefect's server starts.

A task takes what was done for it, where step and arguments are the same. Else it does the step
itself; so it does where the step failed before, and what goes wrong goes wrong in the task.
"""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from flows.dividing import Division
from flows.pipeline import steps
from flows.workers import RunnerName, division

P = ParamSpec("P")
R = TypeVar("R")


class Done(NamedTuple):
    """What a step gave, and in how many seconds."""

    step: Callable[..., Any]
    args: tuple[Any, ...]
    result: Any
    seconds: float


MOST_HANDED = 10_000
"""Restrictions whose results are handed from one process to another: 14 KiB each, in memory."""
_DONE: list[Done] = []
_TAKEN: dict[str, float] = {}


def run(facts: list[Path], wanted: Mapping[str, Any]) -> None:
    """Do the steps that a flow with these parameters will ask for, as far as they succeed."""
    _DONE.clear()
    with suppress(Exception):  # the task that does it again tells what is wrong
        reading = _do(steps.known_by, _do(steps.read, facts), wanted["as_of"])
        checked = steps.gate(_do(steps.check, reading, today()), wanted["strict"])
        count = len(checked.tables["restrictions"])
        if wanted["runner"] is RunnerName.LOCAL and count <= MOST_HANDED:
            how = division(RunnerName.LOCAL, wanted["workers"], None, count)
            names = ("as_of", "seed", "repair", "sensitivity")
            _do(steps.compute, checked, *(wanted[name] for name in names), how)


def held() -> list[Done]:
    """What was done and not taken yet."""
    return _DONE


def hold(done: list[Done]) -> None:
    """Hold what another process did, and nothing else."""
    _DONE[:] = done


def today() -> date:
    """The day on which facts are checked."""
    return datetime.now(UTC).date()


def _do(step: Callable[..., R], *args: Any) -> R:
    begin = time.perf_counter()
    result = step(*args)
    _DONE.append(Done(step, args, result, time.perf_counter() - begin))
    return result


def take(step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a step, which was done before or is done now; each result is taken once."""
    for place, done in enumerate(_DONE):
        if done.step is step and not kwargs and _are_same(done.args, args):
            del _DONE[place]
            _TAKEN[step.__name__] = done.seconds
            result: R = done.result
            return result
    _TAKEN.pop(step.__name__, None)
    return step(*args, **kwargs)


def seconds(names: Collection[str]) -> dict[str, float]:
    """How long those of some steps took that were done before, of those that were taken last."""
    return {name: took for name, took in _TAKEN.items() if name in names}


def _are_same(done: tuple[Any, ...], asked: tuple[Any, ...]) -> bool:
    """Whether arguments are the same: tables by identity, all else by value."""
    plain = (list, date, int, Division, type(None))
    return len(done) == len(asked) and all(
        one is other or (isinstance(one, plain) and one == other)
        for one, other in zip(done, asked, strict=True)
    )
