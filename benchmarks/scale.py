"""A register of any size through the whole chain, in one process, in several, and on Dask.

    python -m benchmarks.scale [--restrictions 2000 40000] [--runner local] [--format json]

The register is made of the restrictions of the repository's facts and of the sample of a register
beside the tests, again and again: each copy moves to another country (one of regions to as many of
its regions) and back in time, by years and days, and lasts no longer than LONGEST_DAYS, since not
everything can go on at once. The facts are read, checked, computed and published as a run does it.

seconds is the wall clock of all that; peak_mib the largest memory of all processes together at any
one moment (PSS, so that what they share counts once), sampled. Each run is a process tree of its
own. `killed` workers were killed in the middle. All runs of one size must publish the same bytes,
else the benchmark fails.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, cycle, islice
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
FACTS, SAMPLE = HOME / "data" / "facts", HOME / "tests" / "golden" / "register_sample.csv"
SIZES = [2_000, 10_000, 40_000]
LONGEST_DAYS = 90
LAYER_RESTRICTIONS = 250_000
"""Of a layer: no fact file may be beyond measure."""
DAYS = ("announced_on", "observed_from", "ended_on")
SAMPLED_SECONDS = 0.25
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


def templates(layer: Path) -> list[Template]:
    """Restrictions of the facts and of the sample; those told day by day are left out."""
    from flows.registers import importing
    from flows.registers.registry import REGISTERS

    stop = REGISTERS["stop"].load()
    importing.import_register(stop, SAMPLE, layer, [FACTS], importing.Origin())
    found = []
    for folder in (FACTS, layer):
        acts, targets, places = (_rows(folder / f"{name}.csv") for name in TABLES)
        found += [
            Template(
                act,
                [row for row in targets if row["restriction_id"] == act["restriction_id"]],
                [row for row in places if row["restriction_id"] == act["restriction_id"]],
            )
            for act in acts
            if not act["days_in_force"]
        ]
    return found


def countries() -> dict[str, list[str]]:
    """Countries of which people online are on record, with their regions that have residents."""
    bases = _rows(FACTS / "bases.csv")
    counted = {row["area_id"] for row in bases}
    online = {row["area_id"] for row in bases if row["population_base"] == "internet_all"}
    regions: dict[str, list[str]] = {code: [] for code in sorted(online) if len(code) == 2}
    for area in sorted(counted):
        if area[2:3] == "-" and area[:2] in regions:
            regions[area[:2]].append(area)
    return {code: inside for code, inside in regions.items() if len(inside) > 3}


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
    told = [act[day] for day in DAYS if act[day]]
    whole = all(len(day) == 10 for day in told)
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
        dict.fromkeys(of[area] if "-" in area else code for area in act["area_ids"].split(";"))
    )
    places = [
        {**row, "restriction_id": name, "area_id": of[row["area_id"]], "reading": "whole"}
        | {"least_area_id": ""}
        for row in one.places
        if "-" in row["area_id"]
    ]
    unique = {row["area_id"]: row for row in places}
    return Template(
        act, [{**row, "restriction_id": name} for row in one.targets], list(unique.values())
    )


def _areas(one: Template) -> list[str]:
    ids = [*one.act["area_ids"].split(";"), *(row["area_id"] for row in one.places)]
    return list(dict.fromkeys(area for area in ids if "-" in area))


def copies(found: Sequence[Template]) -> Iterator[Template]:
    """Copies without end, each in the next country."""
    of = countries()
    codes = sorted(of)
    for number, one in zip(count(), cycle(found), strict=False):
        code = codes[(number * 7 + number // len(found)) % len(codes)]
        yield _copied(one, number, code, of[code])


def world(restrictions: int, folder: Path) -> list[Path]:
    """Layers of facts that hold so many restrictions, the facts of the repository first."""
    sample = folder / "sample"
    found = templates(sample)
    own = len(_rows(FACTS / "restrictions.csv"))
    made = islice(copies(found), max(restrictions - own, 0))
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


def _told(batch: Sequence[Template]) -> tuple[list[Row], list[Row]]:
    return (
        [row for one in batch for row in one.targets],
        [row for one in batch for row in one.places],
    )
