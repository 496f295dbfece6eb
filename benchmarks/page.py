"""Bring the tables of docs/validation.md up to date: `python -m benchmarks.page`.

A line of the page that names a command of `benchmarks` is followed by the tables that the command
prints from the committed facts. Without arguments all of them are written anew, which takes many
minutes; WORDS choose the commands that contain one of them. With --check nothing is written: the
commands whose tables differ are named, and the exit status is 1.
"""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence

from flows import CHECKOUT

PAGE = CHECKOUT / "docs" / "validation.md"
MEASURED = re.compile(
    r"(?m)^    python -m (?P<command>benchmarks\.[^\n]+)\n\n(?P<tables>(?:\|[^\n]*\n|\n(?=\|))+)"
)
"""A command of the page and the tables below it."""


def run_benchmark(command: str) -> str:
    """Return the tables that a command prints, with one line break at the end."""
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return done.stdout.strip("\n") + "\n"


def measure_page(
    page: str, words: Sequence[str] = (), run: Callable[[str], str] = run_benchmark
) -> tuple[str, list[str]]:
    """Return the page with the tables of the chosen commands, and the commands that differed."""
    changed: list[str] = []

    def replace_tables(match: re.Match[str]) -> str:
        command = match["command"]
        if words and not any(word in command for word in words):
            return match[0]
        tables = run(command)
        if tables != match["tables"]:
            changed.append(command)
        return f"    python -m {command}\n\n{tables}"

    return MEASURED.sub(replace_tables, page), changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or report what differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page")
    parser.add_argument("words", nargs="*", metavar="WORDS")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    page, changed = measure_page(PAGE.read_text("utf-8"), options.words)
    for command in changed:
        print(f"{PAGE.name}: the facts give other tables: python -m {command}")
    if options.check:
        return int(bool(changed))
    PAGE.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
