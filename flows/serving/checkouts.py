"""Facts in git checkouts, pulled before a run, so that a scheduled run has the facts of its day.

A layer of facts is a folder in a checkout of its own. The checkout that runs is never pulled: a
pull would replace the code under a running schedule.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from audience_impact.store import PublishError, storage
from flows import CHECKOUT
from flows.pipeline.steps import RefusedError

PULL_SECONDS = 300
QUIET = tuple(
    word
    for setting in ("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.symlinks=false")
    for word in ("-c", setting)
)
"""Options of git under which a pull executes no hook and makes no link out of the checkout."""


def pull_facts(folders: Sequence[Path]) -> list[str]:
    """Pull the checkout of each folder of facts that is no address; return a line for each."""
    places = [folder for folder in folders if not storage.is_address(folder)]
    # Two folders may be of one checkout: all are read before the first pull.
    before = [_read_digest(folder) for folder in places]
    return [_pull_folder(folder, digest) for folder, digest in zip(places, before, strict=True)]


def _read_digest(folder: Path) -> str:
    """Return the digest that git has of a folder; raise RefusedError where it may not be pulled."""
    place = folder.resolve()
    try:
        top = Path(_run_git(place, "rev-parse", "--show-toplevel")).resolve()
    except OSError as error:
        raise RefusedError([f"pull_facts: {folder} is in no git checkout: {error}"]) from error
    if CHECKOUT.is_relative_to(top) or top.is_relative_to(CHECKOUT):
        raise RefusedError(
            [
                f"pull_facts: {folder} is in the checkout that runs, whose code a pull would "
                "replace: clone the facts elsewhere and name that folder in facts"
            ]
        )
    return _run_git(place, "rev-parse", "HEAD:./")


def _pull_folder(folder: Path, before: str) -> str:
    place = folder.resolve()
    try:
        _run_git(place, "pull", "--quiet", "--ff-only")
    except OSError as error:
        raise PublishError(f"nothing published, the facts cannot be pulled: {error}") from error
    is_new = _run_git(place, "rev-parse", "HEAD:./") != before
    last = _run_git(place, "log", "-1", "--format=%h of %cs", "--", ".")
    return f"{folder}: {'new facts, commit' if is_new else 'no new facts since commit'} {last}"


def _run_git(folder: Path, *words: str) -> str:
    """Return what git prints; raise OSError with the first line of its error."""
    # Git asks nobody for a password, and works on no other repository than that of the folder.
    elsewhere = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")
    variables = {name: text for name, text in os.environ.items() if name not in elsewhere}
    try:
        done = subprocess.run(
            ["git", *QUIET, "-C", str(folder), *words],
            env={**variables, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # without a terminal ssh asks nobody for a password either
            capture_output=True,
            text=True,
            check=False,
            timeout=PULL_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        late = f"git {words[0]} in {folder}: no answer in {PULL_SECONDS} seconds"
        raise TimeoutError(late) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        errors = [line for line in lines if line.startswith(("fatal: ", "error: "))]
        reason = next(iter(errors or lines), f"exit status {done.returncode}")
        raise OSError(f"git {words[0]} in {folder}: {reason}")
    return done.stdout.strip()
