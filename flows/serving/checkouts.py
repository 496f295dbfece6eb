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
"""Options of git under which a pull executes no script and makes no link out of the checkout."""
NEVER_ASK = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes", "LC_ALL": "C"}
"""Variables under which git asks nobody for a password, and fails instead."""


def pull_facts(folders: Sequence[Path]) -> list[str]:
    """Pull the checkout of each folder of facts; return lines that say which have new facts.

    Addresses are left out, because a run reads them anew. Raises RefusedError for a folder that is
    in no checkout or in the checkout that runs, and PublishError where a pull fails.
    """
    return [_pull_folder(folder) for folder in folders if not storage.is_address(folder)]


def _pull_folder(folder: Path) -> str:
    place = folder.resolve()
    if place.is_relative_to(CHECKOUT):
        raise RefusedError(
            [
                f"pull_facts: {folder} is in the checkout that runs, whose code a pull would "
                "replace: clone the facts elsewhere and name that folder in facts"
            ]
        )
    try:
        before = _run_git(place, "rev-parse", "HEAD:./")
    except OSError as error:
        raise RefusedError([f"pull_facts: {folder} is in no git checkout: {error}"]) from error
    try:
        _run_git(place, "pull", "--quiet", "--ff-only")
    except OSError as error:
        raise PublishError(f"nothing published, the facts cannot be pulled: {error}") from error
    is_new = _run_git(place, "rev-parse", "HEAD:./") != before
    last = _run_git(place, "log", "-1", "--format=%h of %cs", "--", ".")
    return f"{folder}: {'new facts, commit' if is_new else 'no new facts since commit'} {last}"


def _run_git(folder: Path, *words: str) -> str:
    """Return what git prints; raise OSError with the first line of its error."""
    try:
        done = subprocess.run(
            ["git", *QUIET, "-C", str(folder), *words],
            env={**os.environ, **NEVER_ASK},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PULL_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"git {words[0]} in {folder}: {error}") from error
    if done.returncode:
        reason = next(iter(done.stderr.strip().splitlines()), f"exit status {done.returncode}")
        raise OSError(f"git {words[0]} in {folder}: {reason}")
    return done.stdout.strip()
