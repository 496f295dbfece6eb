"""Seconds of a whole run and of a check, against an empty Prefect flow: `python -m benchmarks.run`.

    python -m benchmarks.run [--rounds 5] [--register FILE] [--format json]

All are timed in turn, A B C A B C, as whole processes, so that a drifting machine shows in each.
Printed are medians, of seconds on the wall and of processors, and the ratios of the medians on the
wall. With a file of Access Now's register a run with all of its events is timed as well.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
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
OTHERS = ("PREFECT_", "PYTHONDONTWRITEBYTECODE")
"""Settings of a shell that would be measured with the rest: all modules compiled at every start."""
MAIN = "from audience_impact.cli import main; main()"


class Seconds(NamedTuple):
    """Of one process and its children: on the wall, and of processors."""

    wall: float
    processor: float


def seconds(words: list[str], environment: dict[str, str]) -> Seconds:
    """Seconds of one process; raises where it fails."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, cwd=HOME, env=environment
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Seconds(wall, spent)


def commands(folder: Path, register: Path | None, environment: dict[str, str]) -> dict[str, str]:
    """What is timed beside the empty flow: words of the command by name."""
    result = {"run": "run", "check": "check data/facts"}
    if register:
        layer = folder / "layer"
        seconds(["-c", MAIN, "import", "stop", str(register), "--into", str(layer)], environment)
        result["register_run"] = f"run --facts data/facts --facts {layer}"
    return result


def measure(rounds: int, folder: Path, register: Path | None = None) -> dict[str, float]:
    """Medians of the empty flow, of whole runs (publishing anew) and of a check."""
    kept = {key: text for key, text in os.environ.items() if not key.startswith(OTHERS)}
    environment = {
        **kept,
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_HOME": str(folder / "prefect"),
    }
    script = folder / "empty.py"
    script.write_text(EMPTY, encoding="utf-8")
    seconds([str(script)], environment)  # makes Prefect's database once
    wanted = commands(folder, register, environment)
    for words in (wanted["run"], wanted["check"]):  # compiles the modules once
        into = ["--published", str(folder / "warm")] * ("run" in words)
        seconds(["-c", MAIN, *words.split(), *into], environment)
    times: dict[str, list[Seconds]] = {name: [] for name in ("empty_flow", *wanted)}
    for number in range(rounds):
        times["empty_flow"].append(seconds([str(script)], environment))
        for name, words in wanted.items():
            into = ["--published", str(folder / f"{name}-{number}")] * ("run" in name)
            times[name].append(seconds(["-c", MAIN, *words.split(), *into], environment))
    medians = {
        name: Seconds(*(statistics.median(each) for each in zip(*told, strict=True)))
        for name, told in times.items()
    }
    empty = medians["empty_flow"].wall
    return {
        **{f"{name}_seconds": round(told.wall, 2) for name, told in medians.items()},
        **{f"{name}_processor_seconds": round(told.processor, 2) for name, told in medians.items()},
        **{
            f"{name}_to_empty_flow_ratio": round(medians[name].wall / empty, 2)
            for name in wanted
            if "run" in name
        },
        "rounds": rounds,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--register", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(words.rounds, Path(folder), words.register)
    if words.format == "json":
        print(json.dumps(measured, indent=2))
        return
    for name, figure in measured.items():
        print(f"{name:<38} {figure:>8}")


if __name__ == "__main__":
    main()
