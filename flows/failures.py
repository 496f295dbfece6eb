"""Failures of a run: a refusal states its reason, a passing failure is tried again."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Failed

from audience_impact.plain_text import plain_lines
from audience_impact.store import PublishError
from flows.pipeline.steps import RefusedError
from schemas.contracts import ValidationOffError

P = ParamSpec("P")
R = TypeVar("R")

# Their message says what is wrong and what to do: it is the reason, no traceback adds to it.
REFUSALS = (RefusedError, PublishError, ValidationOffError)

# Waiting mends none of these: a path that is wrong stays wrong.
LASTING = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


def fail_on_refusal(flow_body: Callable[P, R]) -> Callable[P, R]:
    """End a flow that raises a refusal as failed, with the bare reason as the message of its state.

    Decorate bodies of flows only: Prefect hands a failed state that a task returns on to the next
    step as if it were a value, so a task has to raise its refusal.
    """

    @functools.wraps(flow_body)
    def run_body(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return flow_body(*args, **kwargs)
        except REFUSALS as refusal:
            # Prefect makes this the outcome of the run and raises the refusal at the caller. The
            # message is logged as well, also to the terminal of whoever serves.
            return cast(R, Failed(message=plain_lines(str(refusal)), data=refusal))

    return run_body


def is_transient(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Return whether a failed task may succeed later: the outside failed, and not for good."""
    error = state.data
    if isinstance(error, PublishError):
        error = error.__cause__
    return isinstance(error, OSError) and not isinstance(error, LASTING)


def not_a_refusal(record: logging.LogRecord) -> bool:
    """Drop an error that carries the traceback of a refusal; the state says the reason anyway.

    A refusal is an answer to whoever edits the facts, who has no use for a traceback.
    """
    if record.levelno < logging.ERROR or not record.exc_info:
        return True
    return not isinstance(record.exc_info[1], REFUSALS)


logging.getLogger("prefect.task_runs").addFilter(not_a_refusal)
