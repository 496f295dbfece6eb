"""Compares the tables of two versions, so that a rebuilding is seen to move no published value.

    python -m tests.oracle.versions write FOLDER     # facts and register, in one part and in seven
    python -m tests.oracle.versions compare OLD NEW  # folders of tables as Parquet

OLD has the tables of schema 4.0, NEW those of today, which are brought into the form of old: words
and lists of a cell are texts, and a year of an area is one row, with the numbers of each kind of
restriction in columns that begin with its name. Text and dates are compared exactly, numbers to
1e-9 of their size, rows by their key. `names.csv` has the tables and columns that were withdrawn,
each with a reason. It goes when version 2.0 is out.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from audience_impact.answers.records import plain_rows, write_end, write_period
from audience_impact.store.versions import make_frame
from audience_impact.vocabulary import RestrictionKind
from flows.pipeline import steps
from tests.support import FACTS, REGISTER, checked

NAMES = Path(__file__).parent / "names.csv"
PARTS = {"one_part": 1, "seven_parts": 7}
TOLERANCE = 1e-9
ENDS = {"at_least": "min", "lower": "printed_min", "upper": "printed_max", "at_most": "max"}
"""New names of the ends of an estimate, in the names of columns."""
OLD_ENDS = re.compile(
    rf"^(.*_)?({'|'.join(ENDS)})_(persons|person_days|person_hours|.*share|ratio)$"
)
REGION = "(area|continent|subregion|world)"
JOINED = {
    "impact": ("impact|impact_feature_users|impact_deprived", ("restriction_id", "impact_metric")),
    "impact_by_area": (f"impact_by_{REGION}(_month)?", ("area_id", "period")),
    "impact_by_day": (f"impact_by_({REGION}_)?day", ("area_id", "day")),
    "person_days": ("person_days_by_.*", ("restriction_id", "area_id", "period")),
    "draws": ("draws_by_area", ("area_id", "period", "draw")),
}
"""The tables of today, the old ones that they are made of, and their key."""
ALL = RestrictionKind.ALL.value
OTHERS = [kind.value for kind in RestrictionKind if kind is not RestrictionKind.ALL]
ENDS_OF_KINDS = ("min", "printed_min", "printed_max", "max")
QUANTILES = ("q05", "q50", "q95")
OF_AREAS = {
    "countries_by_year": "year",
    "regions_by_year": "year",
    "countries_by_month": "month",
    "regions_by_month": "month",
}
OF_DAYS = ("countries_by_day", "regions_by_day")
VIEWS = {
    "impact_by_area": tuple(OF_AREAS),
    "impact_by_day": OF_DAYS,
    "person_days": ("person_days", *OF_AREAS),
}
"""Tables that are read together, by what they were."""
NEW_KINDS = re.compile(r"(began|carried_over|older|shutdown|service)_")
"""Columns that months did not have."""


def write_versions(folder: Path) -> None:
    """Write the tables of facts and register, computed in one part and in seven."""
    for name, number in PARTS.items():
        facts = steps.refuse_errors(checked(FACTS, REGISTER), strict=True)
        most = -(-len(facts.tables["restrictions"]) // number)
        results = steps.compute_results(facts, None, 0, most=most)
        into = folder / name
        into.mkdir(parents=True, exist_ok=True)
        for table, rows in results.tables.items():
            pq.write_table(rows, into / f"{table}.parquet")


def list_withdrawn() -> set[tuple[str, str]]:
    """List the withdrawn tables (with a blank column) and columns."""
    with NAMES.open(encoding="utf-8", newline="") as rows:
        return {(row["table"], row["column"]) for row in csv.DictReader(rows)}


def _read_old(path: Path) -> pd.DataFrame:
    frame = pq.read_table(path).replace_schema_metadata().to_pandas()
    return frame.rename(
        columns=lambda name: OLD_ENDS.sub(
            lambda part: f"{part[1] or ''}{ENDS[part[2]]}_{part[3]}", name
        )
    )


def _spread_days(frame: pd.DataFrame) -> pd.DataFrame:
    """Spread runs of days, so that each day has its row."""
    rows = frame.loc[frame.index.repeat(frame["days"])]
    step = pd.to_timedelta(rows.groupby(level=0).cumcount().to_numpy(), unit="D")
    spread = rows.assign(day=pd.to_datetime(rows["from_day"]) + step)
    return spread.drop(columns=["from_day", "to_day", "days"])


def _pair_tables(
    old: Mapping[str, pd.DataFrame],
) -> Iterator[tuple[str, pd.DataFrame, Sequence[str]]]:
    """Yield each table of today as the old ones have it, and its key (none: the order of rows)."""
    joined: set[str] = set()
    for name, (pattern, key) in JOINED.items():
        parts = [table for table in old if re.fullmatch(pattern, table)]
        joined.update(parts)
        yield name, pd.concat([old[table] for table in parts], ignore_index=True), key
    for name in old.keys() - joined:
        yield name, old[name], ()


def _restore_texts(after: pd.DataFrame) -> pd.DataFrame:
    """Write the lists and the days of restrictions as texts, as schema 4.0 has them."""
    joined = {
        "platforms": ("platform_names", ", "),
        "places": ("place_names", "; "),
        "operators": ("operator_names", ";"),
        "area_name": ("area_names", ", "),
        "seen_by": ("seen_by_names", "; "),
        "measured_by": ("measured_by_names", ";"),
    }
    texts = {old: after[new].str.replace(";", between) for old, (new, between) in joined.items()}
    rows = plain_rows(after)
    return after.assign(
        **texts,
        area_id=after["area_ids"],
        country_id=after["country_ids"],
        area_names=[json.dumps(row["area_names"].split(";"), ensure_ascii=False) for row in rows],
        observed_from=[write_period(row["observed_from"], row["observed_by"]) for row in rows],
        ended_on=[write_end(row) for row in rows],
    )


def _differ(old: pd.Series, new: pd.Series) -> np.ndarray:
    """Say which cells differ."""
    if pd.api.types.is_numeric_dtype(old) and not pd.api.types.is_bool_dtype(old):
        before, after = (pd.to_numeric(cells).astype("float64").to_numpy() for cells in (old, new))
        return np.asarray(~np.isclose(before, after, rtol=TOLERANCE, atol=0, equal_nan=True))
    texts = (cells.astype(object).where(cells.notna(), "").map(str) for cells in (old, new))
    before, after = (cells.to_numpy() for cells in texts)
    return np.asarray(before != after)


def _combine_areas(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each area and year or month, with the numbers of kinds in columns."""
    rows = pd.concat(
        [tables[name].assign(period=_name_periods(tables[name][OF_AREAS[name]])) for name in tables]
    ).rename(columns={"platform_ids": "platforms"})
    rows = rows.drop(columns=[name for name in rows if name in ("year", "month", "days")])
    rows = rows[[name for name in rows if "person_days" not in name]]
    numbers = [*(f"{name}_persons" for name in (*ENDS_OF_KINDS, *QUANTILES)), "restrictions_count"]
    wide = _widen_kinds(rows, ["area_id", "period"], numbers)
    return wide.sort_values(["area_id", "period"], ignore_index=True)


def _widen_kinds(rows: pd.DataFrame, key: list[str], numbers: list[str]) -> pd.DataFrame:
    """Return the rows of all restrictions with the numbers of each kind; 0 where it has none."""
    wide = rows[rows["kind"] == ALL].drop(columns="kind")
    for kind in OTHERS:
        of_kind = rows[rows["kind"] == kind].set_index(key)[numbers].add_prefix(f"{kind}_")
        wide = wide.join(of_kind, on=key)
        none = ~pd.MultiIndex.from_frame(wide[key]).isin(of_kind.index)
        filled = [name for name in of_kind if "_q" not in name]
        wide.loc[none, filled] = 0
    return wide


def _name_periods(cells: pd.Series) -> "pd.Series[str]":
    """Return years and months as texts."""
    texts = cells.astype("str")
    return texts.str[:7] if texts.str.len().max() > len("2025") else texts


def _combine_person_days(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return person-days of restrictions and countries, with those of kinds in columns."""
    rows = pd.concat(
        [
            tables[name].assign(period=_name_periods(tables[name][OF_AREAS[name]]))
            for name in OF_AREAS
        ]
    )
    numbers = [f"{name}_person_days" for name in ("min", *QUANTILES, "max")]
    key = ["area_id", "period"]
    kinds = _widen_kinds(rows, key, numbers).set_index(key)
    of_kinds = kinds[[f"{kind}_{name}" for kind in OTHERS for name in numbers]]
    is_together = tables["person_days"]["restriction_id"] == ALL
    joined = tables["person_days"].join(of_kinds, on=key)
    joined.loc[~is_together, of_kinds.columns] = pd.NA
    return joined


def _combine_days(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each day of an area, of all restrictions."""
    rows = pd.concat([tables[name] for name in OF_DAYS])
    return rows[rows["kind"] == ALL].drop(columns="kind")


_MAKE = {
    "impact_by_area": _combine_areas,
    "person_days": _combine_person_days,
    "impact_by_day": _combine_days,
}


def _read_new(folder: Path, name: str) -> pd.DataFrame:
    """Read a table of today in the form of old."""
    parts = VIEWS.get(name, (name,))
    tables = {part: make_frame(pq.read_table(folder / f"{part}.parquet")) for part in parts}
    return _MAKE[name](tables) if name in VIEWS else tables[name]


def compare_versions(old: Path, new: Path) -> Iterator[str]:
    """Say what differs, a line for each table or column."""
    withdrawn = list_withdrawn()
    tables = {
        path.stem: _read_old(path)
        for path in sorted(old.glob("*.parquet"))
        if (path.stem, "") not in withdrawn
    }

    for name, before, key in _pair_tables(tables):
        after = _read_new(new, name)
        if name == "impact_by_day":
            before = _spread_days(before).assign(day=lambda rows: rows["day"].dt.date)
        if name == "restrictions":
            after = _restore_texts(after)
        if name == "draws":
            after = after.rename(columns={"year": "period"})
        if name == "person_days":
            before[["restriction_id", "period"]] = before[["restriction_id", "period"]].fillna(
                "all"
            )
        if name == "lineage":
            before = before[before["role"] != "after"]
        for frame in (before, after):
            frame[list(key)] = frame[list(key)].astype("str")
        by = list(key)
        before, after = (
            frame.sort_values(by, ignore_index=True) if by else frame.reset_index(drop=True)
            for frame in (before, after)
        )
        if len(before) != len(after):
            yield f"{name}: {len(after)} rows, and {len(before)} before"
            continue
        yield from _compare_columns(name, before, after, withdrawn)


def _compare_columns(
    name: str, before: pd.DataFrame, after: pd.DataFrame, withdrawn: set[tuple[str, str]]
) -> Iterator[str]:
    for column in before:
        if (name, column) in withdrawn:
            continue
        if column not in after:
            yield f"{name}.{column}: the column is gone, and names.csv has no reason"
            continue
        is_wrong = _differ(before[column], after[column])
        if NEW_KINDS.match(column) and "period" in before:
            is_wrong &= (before["period"].str.len() != len("2025-01")).to_numpy()
        if count := int(is_wrong.sum()):
            yield f"{name}.{column}: {count} of {len(before)} rows differ"


def main(words: list[str]) -> int:
    """Write versions, or compare two: exit status 1 if they differ."""
    if words[0] == "write":
        write_versions(Path(words[1]))
        return 0
    lines = list(compare_versions(Path(words[1]), Path(words[2])))
    print("\n".join(lines) or "0 differences")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
