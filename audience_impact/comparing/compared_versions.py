"""A version to compare, with its answers, and the answers of two versions side by side.

Definitions. An answer is a row of `impact`, keyed by restriction and metric, or the people of an
area under all restrictions of a year, keyed by area and year. There is an estimate if the row has a
median. An answer moved beyond its interval if the new median is outside the old interval or,
without medians, the new bounds are outside the old bounds. It moved slightly if no number changed
by more than SLIGHT_WIDTH_SHARE times the width of the old interval. Changes are ordered by the
change of the median, else of the upper bound.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.comparing.facts import Files, Keys
from audience_impact.frames import Array
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import AnswerChange as Change
from audience_impact.vocabulary import RestrictionKind

NUMBERS = [f"{name}_persons" for name in ("printed_min", "q05", "q50", "q95", "printed_max")]
STATUS = "obs_status"
ANSWER = [*NUMBERS, STATUS]
IMPACT_KEY, AREA_KEY = ["restriction_id", "impact_metric"], ["area_id", "period"]
KEY = ["subject_id", "aspect"]
"""Key of an answer: restriction and metric, or area and year."""
OLD, NEW = "_old", "_new"
SLIGHT_WIDTH_SHARE = 0.01
"""Change of an answer, as a share of the width of its old interval, up to which it is slight."""
TELLING = [f"{name}_persons" for name in ("q50", "printed_max", "printed_min", "q05", "q95")]
ORDER = list(Change)


def key_answers(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return bounds, quantiles (whole persons) and status of the rows of a table, by key."""
    numbers = dict.fromkeys(NUMBERS, "float64")
    return rows[[*key, *ANSWER]].astype({**numbers, STATUS: "object"}).set_index(key).round()


def combine_answers(impact: pd.DataFrame, by_area: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of a version by KEY: those of restrictions and of years of areas.

    `by_area` has rows by AREA_KEY and kind of restriction.
    """
    is_year = by_area["period"].str.len() == len("2025")
    years = by_area[is_year & (by_area["kind"] == RestrictionKind.ALL.value)]
    parts = [key_answers(impact, IMPACT_KEY), key_answers(years, AREA_KEY)]
    return pd.concat([part.rename_axis(KEY) for part in parts])


def compare_answers(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of two versions side by side, the most important change first.

    Columns have the ends OLD and NEW, with nulls where a version lacks an answer; `change` is an
    AnswerChange, `measure` is the first of TELLING that changed, and `moved_persons` the size of
    this change; a missing number counts as 0.
    """
    both = old.add_suffix(OLD).join(new.add_suffix(NEW), how="outer")
    change = pd.Series(_classify_changes(both), both.index)
    moves = np.column_stack([_measure_move(both, name) > 0 for name in TELLING])
    place = moves.argmax(axis=1)
    first, then = (both[[name + end for name in TELLING]].fillna(0.0) for end in (OLD, NEW))
    moved = (then.to_numpy() - first.to_numpy())[np.arange(len(both)), place]
    table = both.assign(
        change=change, measure=np.array(TELLING)[place].astype(object), moved_persons=moved
    )
    order = pd.DataFrame({"rank": change.map(ORDER.index), "size": -np.abs(moved)}, both.index)
    return table.loc[order.sort_index().sort_values(["rank", "size"], kind="stable").index]


def _classify_changes(both: pd.DataFrame) -> list[Change]:
    was, now = (both[f"{STATUS}{end}"].notna() for end in (OLD, NEW))
    had, has = (both[f"q50_persons{end}"].notna() for end in (OLD, NEW))
    moves = np.column_stack([_measure_move(both, name) for name in NUMBERS])
    width = (both["q95_persons_old"] - both["q05_persons_old"]).to_numpy("float64")
    slight = (moves <= SLIGHT_WIDTH_SHARE * width[:, None]).all(axis=1)
    same_status = both[f"{STATUS}{OLD}"].eq(both[f"{STATUS}{NEW}"])
    middle = both["q50_persons_new"]
    is_outside = (middle < both["q05_persons_old"]) | (middle > both["q95_persons_old"])
    apart = both["printed_max_persons_new"] < both["printed_min_persons_old"]
    apart |= both["printed_min_persons_new"] > both["printed_max_persons_old"]
    conditions = {
        Change.VANISHED: (was & ~now) | (had & ~has),
        Change.APPEARED: (now & ~was) | (has & ~had),
        Change.BEYOND_INTERVAL: is_outside.where(had & has, apart),
        Change.SAME: (moves == 0).all(axis=1) & same_status,
        Change.STATUS_ALONE: (moves == 0).all(axis=1),
        Change.MOVED_SLIGHTLY: slight & same_status,
    }
    picked = np.select([*conditions.values()], [*range(len(conditions))], len(conditions))
    return [[*conditions, Change.MOVED][place] for place in picked]


def _measure_move(both: pd.DataFrame, name: str) -> Array:
    """Return the absolute change of a number, in persons; inf if only one version has it."""
    old, new = (both[name + end].to_numpy("float64") for end in (OLD, NEW))
    far = np.where(np.isnan(old) & np.isnan(new), 0.0, np.abs(new - old))
    return np.where(np.isnan(far), np.inf, far)


@dataclass(frozen=True, eq=False)
class ComparedVersion:
    """One of two versions that are compared; or facts computed now, named by their folders.

    Attributes:
        settings: What the numbers depend on besides the facts, as `describe_settings` returns it.
        answers: The answers, as `combine_answers` returns them.
        files: The fact files, and `keys` the key columns of each fact table.
        read_table: Returns a published table; raises PublishError where it is damaged.
        counts: The number of rows of each published table.
        refused_count: Rows of facts that are in quarantine.
    """

    name: str
    is_published: bool
    settings: Mapping[str, str]
    answers: pd.DataFrame
    files: Files = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)
    read_table: Callable[[str], pd.DataFrame] = lambda _: pd.DataFrame()
    counts: Mapping[str, int] = field(default_factory=dict)
    refused_count: int = 0


def describe_settings(
    as_of: date, seed: int, method: str, options: frozenset[str]
) -> dict[str, str]:
    """Return, as text by name, every setting except the facts that determines the numbers."""
    return {
        "the day": f"{as_of}",
        "the seed": f"{seed}",
        "the method": method,
        "the options": ", ".join(sorted(options)) or "none",
    }


def read_published(stored: Stored) -> ComparedVersion:
    """Return a published version for a comparison; raise PublishError where it is damaged."""
    version = stored.version
    quarantine = stored.read_table("quarantine")[["row_layer", "file", "line"]]
    by_year = pd.concat(
        [stored.read_table(name) for name in ("countries_by_year", "regions_by_year")]
    )
    by_area = by_year.assign(period=by_year["year"].astype("str"))
    return ComparedVersion(
        stored.id,
        True,
        describe_settings(version.as_of, version.seed, *version.method),
        combine_answers(stored.read_table("impact"), by_area),
        stored.fact_files(),
        stored.fact_keys(),
        stored.read_table,
        stored.count_rows(),
        len(quarantine.drop_duplicates()),
    )
