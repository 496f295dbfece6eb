"""Seconds of runs and of reading, against an empty Prefect flow: `python -m benchmarks.run`.

    python -m benchmarks.run [--rounds 5] [--register] [--format json]

Each round has: an empty flow; a run from nothing (no version and no saved results), one that
changes nothing, one after an end is corrected and one after a figure is changed; a check of
unchanged facts and one after an edit; answers of the version. All are whole processes, one after
the other, so that a drifting machine shows in each. Printed are medians of seconds on the wall and
of processors, with the children of a process, the largest memory of one process, and ratios to the
empty flow on the wall. With --register the facts are those of Access Now's register as well, and
the report of all pages is written.
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HOME = Path(__file__).resolve().parent.parent
EMPTY = """
from prefect import flow

@flow
def empty() -> None:
    pass

if __name__ == "__main__":
    empty()
"""
OTHERS = ("PREFECT_", "PYTHONDONTWRITEBYTECODE", "AUDIENCE_IMPACT_")
"""Settings of a shell that would be measured with the rest: all modules compiled at every start."""
MAIN = ["-c", "from audience_impact.cli import main; main()"]
ENDED, COUNTED = "PK-2024-02-17-x", "PK"
"""The restriction whose end is corrected, and the country of which a figure is changed."""
ANSWERS = {
    "show_id": "show RU-2025-08-13-calls",
    "show_area": "show india 2024",
    "list": "list",
    "cite": "cite RU-2025-08-13-calls",
}


class Cost(NamedTuple):
    """Of a process with its children: seconds on the wall, of processors, and largest memory."""

    wall: float
    processor: float
    mebibytes: float


def measure_process(words: list[str], environment: dict[str, str]) -> Cost:
    """Return the cost of a process; raise where it fails."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=HOME,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)
    wall = time.perf_counter() - started
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def change_cell(table: Path, column: str, key: str, number: int) -> None:
    """Change a cell of the first row that has `key` in a cell: a later day, or a larger number."""
    with table.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    place = header.index(column)
    row = next(row for row in rows if key in row and row[place] and "/" not in row[place])
    day = f"2025-05-{8 + number:02d}"
    row[place] = day if column == "ended_on" else str(int(float(row[place]) * 1.01) + number)
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def measure_round(
    number: int, folder: Path, layers: list[str], environment: dict[str, str]
) -> Iterator[tuple[str, Cost]]:
    """Yield the name and the cost of each process of a round."""
    facts, place = folder / f"facts-{number}", folder / f"published-{number}"
    shutil.copytree(HOME / "data" / "facts", facts)
    own = {**environment, "AUDIENCE_IMPACT_CACHE": str(folder / f"cache-{number}")}
    checking = [*MAIN, "check", str(facts)]
    layered = [word for layer in (str(facts), *layers) for word in ("--facts", layer)]
    running = [*MAIN, "run", *layered, "--published", str(place)]
    yield "empty_flow", measure_process([str(folder / "empty.py")], own)
    yield "run_from_nothing", measure_process(running, own)
    yield "run_unchanged", measure_process(running, own)
    measure_process(checking, own)
    yield "check_unchanged", measure_process(checking, own)
    change_cell(facts / "restrictions.csv", "ended_on", ENDED, number)
    yield "check_edited", measure_process(checking, own)
    yield "run_end_corrected", measure_process(running, own)
    change_cell(facts / "estimates.csv", "value", COUNTED, number)
    yield "run_figure_changed", measure_process(running, own)
    at = ["--published", str(place)]
    for name, words in ANSWERS.items():
        yield name, measure_process([*MAIN, *words.split(), *at], own)
    if layers:
        yield "report", measure_process([*MAIN, "report", *at], own)
    for used in (facts, place):
        shutil.rmtree(used)


def measure(rounds: int, folder: Path, layers: list[str]) -> dict[str, float]:
    """Return medians over some rounds, after processes that compile modules and make a database."""
    kept = {key: text for key, text in os.environ.items() if not key.startswith(OTHERS)}
    own = {"PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_HOME": str(folder / "prefect")}
    environment = {**kept, **own}
    (folder / "empty.py").write_text(EMPTY, encoding="utf-8")
    costs: dict[str, list[Cost]] = defaultdict(list)
    for number in range(rounds + 1):
        for name, cost in measure_round(number, folder, layers, environment):
            if number:
                costs[name].append(cost)
    medians = {
        name: Cost(*(statistics.median(values) for values in zip(*some, strict=True)))
        for name, some in costs.items()
    }
    empty = medians["empty_flow"].wall
    return {
        **{f"{name}_seconds": round(cost.wall, 2) for name, cost in medians.items()},
        **{f"{name}_processor_seconds": round(cost.processor, 2) for name, cost in medians.items()},
        **{f"{name}_mebibytes": round(cost.mebibytes) for name, cost in medians.items()},
        **{
            f"{name}_to_empty_flow_ratio": round(cost.wall / empty, 2)
            for name, cost in medians.items()
            if name.startswith("run")
        },
        "rounds": rounds,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--register", action="store_true")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    words = parser.parse_args()
    layers = [str(HOME / "data" / "stop")] if words.register else []
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(words.rounds, Path(folder), layers)
    if words.format == "json":
        print(json.dumps(measured, indent=2))
        return
    for name, figure in measured.items():
        print(f"{name:<42} {figure:>8}")


if __name__ == "__main__":
    main()
