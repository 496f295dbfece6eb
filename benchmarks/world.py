"""The register of the world through the whole chain: what each step takes.

Run as `python -m benchmarks.world FILE`, FILE being Access Now's register in its published
columns. The other way, which a user would pick instead, is a loop over countries and years that
adds up audiences; it takes no time and is wrong, so steps are timed here, not ratios.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flows.pipeline import steps
from flows.registers import importing
from flows.registers.registry import REGISTERS

HOME = Path(__file__).resolve().parent.parent
FACTS = HOME / "data" / "facts"


def timed(name: str, call: Callable[[], Any], told: dict[str, Any]) -> Any:
    """What a call gives, its seconds written down under a name."""
    start = time.perf_counter()
    result = call()
    told[f"{name}_seconds"] = round(time.perf_counter() - start, 2)
    return result


def measure(register: Path, sensitivity: bool) -> dict[str, Any]:
    """Seconds of each step and the peak of memory, from the register to a published version."""
    told: dict[str, Any] = {"sensitivity": sensitivity}
    with tempfile.TemporaryDirectory() as made:
        layer, published = Path(made) / "layer", Path(made) / "published"
        timed(
            "import",
            lambda: importing.import_register(
                REGISTERS["stop"].load(), register, layer, [FACTS], importing.Origin()
            ),
            told,
        )
        reading = timed("read", lambda: steps.read([FACTS, layer]), told)
        checked = timed("check", lambda: steps.check(reading), told)
        results = timed(
            "compute", lambda: steps.compute(checked, None, 0, sensitivity=sensitivity), told
        )
        timed("write", lambda: steps.write(results, published, None), told)
    told["restrictions"] = len(results.frames["restrictions"])
    told["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return told


def main(words: Sequence[str] | None = None) -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.world", description=__doc__)
    parser.add_argument("register", type=Path, metavar="FILE")
    parser.add_argument("--sensitivity", action="store_true")
    given = parser.parse_args(words)
    print(json.dumps(measure(given.register, given.sensitivity), indent=2))


if __name__ == "__main__":
    main()
