"""A register of any size through the whole chain, in one process and in several.

    python -m benchmarks.scale [--restrictions 2000 40000] [--workers 2] [--folder DIR]

The register is made of the restrictions of the repository's facts and of the sample of a register
beside the tests, again and again: each copy moves to another country (one of regions to as many of
its regions) and back in time, by years and days, and lasts no longer than LONGEST_DAYS, since not
everything can go on at once. The facts are read, checked, computed and published as a run does it.

Draws may be fewer, where time is short: half of a restriction's time goes with them. Of fewer than
a hundred draws the 95 % quantile is so uncertain that a rule over results may refuse the run.

seconds is the wall clock of all that, cpu_seconds the time of all processes; peak_mib the largest
memory of all processes together at any one moment (PSS, so that what they share counts once),
sampled. Each run is a process tree of its own and saves its parts in a folder of its own. All runs
of one size must publish the same bytes, else the benchmark fails.

With a folder, a benchmark that was killed goes on there: what was measured is not measured again,
and the run that was killed computes the parts that it had not saved, so that its seconds are those
of the rest.
"""

import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import psutil

from audience_impact.pipeline import DRAWS

HOME = Path(__file__).resolve().parent.parent
FACTS, SAMPLE = HOME / "data" / "facts", HOME / "tests" / "golden" / "register_sample.csv"
SIZES = [2_000, 10_000, 40_000]
LONGEST_DAYS = 90
LAYER_RESTRICTIONS = 250_000
"""Of a layer: no fact file may be beyond measure."""
DAYS = ("announced_on", "observed_from", "ended_on")
ALIKE = ("area_ids", "observed_from", "announced_on", "network_scope")
SAMPLED_SECONDS = 1.0
"""To ask more often takes the processes their time: what they share has to be counted."""
TABLES = ("restrictions", "restriction_targets", "restriction_places")

Row = dict[str, str]


@dataclass(frozen=True)
class Template:
    """A restriction with its targets and places, to be copied."""

    act: Row
    targets: list[Row]
    places: list[Row]


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_recorded(layer: Path) -> list[Template]:
    """Restrictions of the facts and of the sample, which is imported into a new layer."""
    from audience_impact.registers.stop import events
    from flows.registers import importing

    importing.import_file(events.REGISTER, SAMPLE, layer, [FACTS], importing.Origin())
    result = []
    for folder in (FACTS, layer):
        acts, targets, places = (_rows(folder / f"{name}.csv") for name in TABLES)
        result += [
            Template(
                act,
                [row for row in targets if row["restriction_id"] == act["restriction_id"]],
                [row for row in places if row["restriction_id"] == act["restriction_id"]],
            )
            for act in acts
        ]
    return result


def countries() -> dict[str, list[str]]:
    """Countries of which people online are on record, with their regions that have residents.

    A country with few such regions is taken as a whole: what named places is of all of it there.
    """
    bases = _rows(FACTS / "bases.csv")
    counted = {row["area_id"] for row in bases}
    online = {row["area_id"] for row in bases if row["population_base"] == "internet_all"}
    regions: dict[str, list[str]] = {code: [] for code in sorted(online) if len(code) == 2}
    for area in sorted(counted):
        if area[2:3] == "-" and area[:2] in regions:
            regions[area[:2]].append(area)
    return {code: inside if len(inside) > 3 else [] for code, inside in regions.items()}


def _moved(text: str, years: int, days: int) -> str:
    """A day, month or year as it stands in the facts, so much earlier."""
    year = f"{int(text[:4]) - years:04}"
    if len(text) != 10:
        return year + text[4:]
    day = date.fromisoformat(year + (text[4:] if text[4:] != "-02-29" else "-02-28"))
    return (day - timedelta(days=days)).isoformat()


def _copied(one: Template, number: int, code: str, regions: Sequence[str]) -> Template:
    """A copy in another country, earlier."""
    name = f"{code}-{number:07}"
    act = {**one.act, "restriction_id": name, "operators": "", "continues": ""}
    lines = [act[day] for day in DAYS if act[day]]
    whole = all(len(day) == 10 for day in lines)
    years, days = 1 + number % 6, number * 7 % 365 if whole else 0
    for day in DAYS:
        act[day] = _moved(act[day], years, days) if act[day] else ""
    start = act["observed_from"] or act["announced_on"]
    if len(start) == 10 and act["end_status"] in ("ended", "ongoing"):
        longest = (date.fromisoformat(start) + timedelta(days=LONGEST_DAYS)).isoformat()
        if act["end_status"] == "ongoing" or act["ended_on"] > longest:
            act |= {"ended_on": longest, "end_status": "ended", "end_source": "recorded"}
    of = dict(zip(_areas(one), cycle(regions)))
    act["area_ids"] = ";".join(
        dict.fromkeys(of.get(area, code) for area in act["area_ids"].split(";"))
    )
    places = [
        {**row, "restriction_id": name, "area_id": of[row["area_id"]], "reading": "whole"}
        | dict.fromkeys(("least_area_id", "part_kind", "units_count"), "")
        for row in one.places
        if row["area_id"] in of
    ]
    unique = {row["area_id"]: row for row in places}
    return Template(
        act, [{**row, "restriction_id": name} for row in one.targets], list(unique.values())
    )


def _areas(one: Template) -> list[str]:
    ids = [*one.act["area_ids"].split(";"), *(row["area_id"] for row in one.places)]
    return list(dict.fromkeys(area for area in ids if "-" in area))


def _identity(one: Template) -> tuple[object, ...]:
    """What two restrictions have in common of which the check says that one is recorded twice."""
    return (
        *(one.act[name] for name in ALIKE),
        frozenset((row["platform_id"], row["feature"]) for row in one.targets),
        frozenset((row["area_id"], row["name"]) for row in one.places),
    )


def copies(recorded: Sequence[Template]) -> Iterator[Template]:
    """Copies without end, each in the next country; none repeats a restriction before it.

    Restrictions recorded day by day have none.
    """
    of = countries()
    codes = sorted(of)
    before = {_identity(one) for one in recorded}
    templates = [one for one in recorded if not one.act["days_in_force"]]
    for number, one in zip(count(), cycle(templates), strict=False):
        code = codes[(number * 7 + number // len(templates)) % len(codes)]
        copy = _copied(one, number, code, of[code])
        if (identity := _identity(copy)) not in before:
            before.add(identity)
            yield copy


def world(restrictions: int, folder: Path) -> list[Path]:
    """Layers of facts that hold so many restrictions, the facts of the repository first."""
    sample = folder / "sample"
    recorded = read_recorded(sample)
    own = len(_rows(FACTS / "restrictions.csv"))
    made = islice(copies(recorded), max(restrictions - own, 0))
    layers = [FACTS, sample]
    while batch := list(islice(made, LAYER_RESTRICTIONS)):
        layer = folder / f"copies-{len(layers)}"
        layer.mkdir()
        parts = ([one.act for one in batch], *_told(batch))
        for name, rows in zip(TABLES, parts, strict=True):
            names = list(_rows(FACTS / f"{name}.csv")[0]) if rows == [] else list(rows[0])
            with (layer / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, names, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        layers.append(layer)
    return layers


def prepare_world(restrictions: int, folder: Path) -> list[Path]:
    """Layers of facts as `world` makes them, or as an earlier benchmark made them in the folder."""
    record = folder / "layers.json"
    if not record.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        record.write_text(json.dumps([f"{layer}" for layer in world(restrictions, folder)]))
    return [Path(layer) for layer in json.loads(record.read_text())]


def _told(batch: Sequence[Template]) -> tuple[list[Row], list[Row]]:
    return (
        [row for one in batch for row in one.targets],
        [row for one in batch for row in one.places],
    )


# ---- One run: a process tree of its own ----


def run(layers: Sequence[Path], into: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Read, check, compute and publish; the seconds of each, and the digest of what came of it."""
    from flows.pipeline import cache, steps

    result: dict[str, Any] = {}

    def timed(name: str, call: Any) -> Any:
        start = time.perf_counter()
        found = call()
        result[f"{name}_seconds"] = round(time.perf_counter() - start, 1)
        return found

    read = [timed("read", lambda: steps.read_facts(layers))]
    # Taken out of the list, so that the text of the facts goes while the rest is computed.
    checked = timed(
        "check", lambda: steps.refuse_errors(steps.validate_facts(read.pop()), strict=True)
    )
    workers, draws = asked["workers"], asked["draws"]
    results = timed(
        "compute", lambda: steps.compute_results(checked, None, 0, workers, draws=draws, reuse=True)
    )
    result["restrictions"] = results.count_rows()["restrictions"]
    done = timed("write", lambda: steps.publish_results(results, into, None))
    cache.forget()
    result["manifest"] = done.version.manifest_bytes.decode()
    return result


def memory_mib(pid: int) -> float:
    """Memory of a process and all that it started, what they share counted once (PSS)."""
    total = 0
    with suppress(psutil.Error):
        one = psutil.Process(pid)
        for each in [one, *one.children(recursive=True)]:
            with suppress(psutil.Error):
                total += each.memory_full_info().pss
    return total / 2**20


def count_cpu_seconds() -> float:
    """CPU seconds of all child processes that ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(layers: Sequence[Path], asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """One run in processes of its own, watched from outside. Raises ValueError where it fails."""
    measured = folder / "measured.json"
    if measured.is_file():
        return dict(json.loads(measured.read_text("utf-8")))
    words = [sys.executable, "-m", "benchmarks.scale", "--child", json.dumps(asked)]
    words += ["--into", str(folder / "published"), *map(str, layers)]
    place = folder / "told.json"
    temporary = folder / "temporary"
    temporary.mkdir(parents=True, exist_ok=True)
    settings = {"TMPDIR": str(temporary), "AUDIENCE_IMPACT_CACHE": str(folder / "saved")}
    begin, before = time.perf_counter(), count_cpu_seconds()
    with place.open("wb") as out:
        child = subprocess.Popen(words, stdout=out, cwd=HOME, env={**os.environ, **settings})
        peak = 0.0
        while child.poll() is None:
            peak = max(peak, memory_mib(child.pid))
            time.sleep(SAMPLED_SECONDS)
    seconds = time.perf_counter() - begin
    if child.returncode:
        raise ValueError(f"the run {asked} ended with {child.returncode}")
    text = json.loads(place.read_text("utf-8").splitlines()[-1])
    row = {
        "restrictions": text.pop("restrictions"),
        "workers": asked["workers"],
        "draws": asked["draws"],
        "seconds": round(seconds, 1),
        "cpu_seconds": round(count_cpu_seconds() - before, 1),
        "peak_mib": round(peak),
        **text,
    }
    measured.write_text(json.dumps(row), "utf-8")
    return row


# ---- All runs ----


def asked_of(words: argparse.Namespace) -> list[dict[str, Any]]:
    """The runs of each size: one process and two, or the number that is asked for."""
    numbers = [words.workers] if words.workers else [1, 2]
    return [{"workers": number, "draws": words.draws} for number in numbers]


def compared(
    restrictions: int, runs: Sequence[dict[str, Any]], within: Path | None = None
) -> list[dict[str, Any]]:
    """The runs of one size. Raises ValueError where one fails, or two publish other bytes."""
    rows: list[dict[str, Any]] = []
    with nullcontext(within) if within else tempfile.TemporaryDirectory() as made:
        folder = Path(made, f"{restrictions}").absolute()
        layers = prepare_world(restrictions, folder)
        for asked in runs:
            name = "-".join(map(str, asked.values()))
            rows.append(measure(layers, asked, folder / f"run-{name}"))
            print(_line(rows[-1]), file=sys.stderr, flush=True)
    if len({row.pop("manifest") for row in rows}) > 1:
        raise ValueError(f"runs of {restrictions:,} restrictions published other bytes")
    return rows


def _line(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if name != "manifest")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(rows[0])} |", f"|{'---|' * len(rows[0])}"]
    lines += [f"| {' | '.join(f'{value}' for value in row.values())} |" for row in rows]
    return "\n".join(lines)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--restrictions", nargs="+", type=int, default=SIZES, metavar="COUNT")
    parser.add_argument("--workers", type=int, help="default: one and two")
    parser.add_argument("--draws", type=int, default=DRAWS, help="default: %(default)s")
    parser.add_argument("--folder", type=Path, help="go on here after a kill; default: temporary")
    parser.add_argument("--format", choices=["json", "table"], default="table")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("layers", nargs="*", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Command line; 1 where a run fails, or runs of one size publish other bytes."""
    from flows.pipeline.steps import RefusedError

    asked = _arguments(words)
    try:
        if asked.child:
            print(json.dumps(run(asked.layers, asked.into, asked.child)))
            return 0
        runs = asked_of(asked)
        rows = [row for size in asked.restrictions for row in compared(size, runs, asked.folder)]
    except (ValueError, RefusedError) as error:
        print(f"benchmarks.scale: {error}", file=sys.stderr)
        return 1
    print(json.dumps(rows, indent=1) if asked.format == "json" else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
