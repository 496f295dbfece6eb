"""Seconds of a whole run and of a check, against an empty Prefect flow: `python -m benchmarks.run`.

The two are timed in turn, A B A B, as whole processes with a Prefect home of their own, so
that a drifting machine shows in both. Printed are medians and the ratio of medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
EMPTY = """
from prefect import flow

@flow
def empty() -> None:
    pass

if __name__ == "__main__":
    empty()
"""
MAIN = "from flows.cli.command import main; main()"


def seconds(words: list[str], environment: dict[str, str]) -> float:
    """Wall seconds of one process; raises where it fails."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, cwd=HOME, env=environment
    )
    return time.perf_counter() - started


def measure(rounds: int, folder: Path) -> dict[str, float]:
    """Median seconds of the empty flow, a whole run (publishing anew) and a check."""
    kept = {key: text for key, text in os.environ.items() if not key.startswith("PREFECT_")}
    environment = {**kept, "PREFECT_HOME": str(folder / "prefect")}
    script = folder / "empty.py"
    script.write_text(EMPTY, encoding="utf-8")
    seconds([str(script)], environment)  # makes Prefect's database once
    times: dict[str, list[float]] = {"empty_flow": [], "run": [], "check": []}
    for number in range(rounds):
        run = ["-c", MAIN, "run", "--published", str(folder / str(number))]
        times["empty_flow"].append(seconds([str(script)], environment))
        times["run"].append(seconds(run, environment))
        times["check"].append(seconds(["-c", MAIN, "check"], environment))
    medians = {f"{name}_seconds": round(statistics.median(each), 2) for name, each in times.items()}
    ratio = statistics.median(times["run"]) / statistics.median(times["empty_flow"])
    return {**medians, "run_to_empty_flow_ratio": round(ratio, 2), "rounds": rounds}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(words.rounds, Path(folder))
    if words.format == "json":
        print(json.dumps(measured, indent=2))
        return
    for name, figure in measured.items():
        print(f"{name:<26} {figure:>8}")


if __name__ == "__main__":
    main()
