"""Write docs/comparisons.md and comparisons.csv beside it: figures of others, compared with ours.

The list has each figure of people in an area and period with our median, interval and bounds; the
page has what can be counted, and the largest differences. A figure of a single restriction is
compared with the interval of that restriction, or, where it is of one of several services, with
that of the service if its audience was imputed.

It depends on the register that was imported, which is not in the repository, so the page names its
version. It is written only by `python -m benchmarks.comparisons`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audience_impact.answers.areas import explain_difference
from audience_impact.answers.documents import render_markdown
from audience_impact.answers.numbers import format_compact
from audience_impact.answers.records import combine_areas
from audience_impact.outputs.comparisons import NEARLY_ALL
from audience_impact.store import PublishError
from audience_impact.store.versions import Stored, find_latest
from audience_impact.vocabulary import ComparedWith, ImpactMetric, RestrictionKind, Unit
from flows import CHECKOUT

LARGEST = 10
QUANTILES = ["q05_persons", "q50_persons", "q95_persons"]


def format_page(version: Stored) -> str:
    """Return the page as Markdown, from the tables of a published version."""
    table = version.read_table("area_comparisons")
    people = table[table["published_persons"].notna()]
    return (
        "# What others published, compared with our numbers\n\n"
        f"`python -m benchmarks.comparisons` wrote this page from version `{version.id}`, "
        "which includes an imported register (`audience-impact import stop FILE --into DIR`, "
        "`run --facts data/facts --facts DIR`). Their numbers are people in a country and a "
        "period. Ours are the people under at least one restriction there, each counted once.\n\n"
        "## By publisher\n\n"
        + render_markdown(SUMMARY, _summarize_publishers(pair_areas(version)))
        + "\nThe ratio is their number divided by our median, or by our upper bound if there is "
        "no median. Every figure is in [comparisons.csv](comparisons.csv).\n\n"
        "## Why they differ\n\n"
        + render_markdown(("publisher", "reason", "periods"), _count_reasons(people))
        + "\n"
        + render_markdown(PLACES, _count_places(pair_areas(version)))
        + f"\nA figure of at least {NEARLY_ALL:.0%} of the people online is one of everyone. "
        "Our median of a country leaves out restrictions without a figure.\n"
        + f"\n## The {LARGEST} largest differences\n\n"
        + render_markdown(("area", "period", "publisher", "theirs", "why"), _list_largest(people))
        + "\n## Figures of single restrictions\n\n"
        + _describe_singles(pair_restrictions(version))
    )


SINGLES = (*("restriction", "publisher", "what", "theirs", "ours"), "at least to at most", "ratio")


def pair_areas(version: Stored) -> pd.DataFrame:
    """Return figures of people in an area and period with our quantiles.

    `without_figure_count` is the number of restrictions that our quantiles leave out.
    """
    table = version.read_table("area_comparisons")
    people = table[table["published_persons"].notna()]
    key, columns = ["area_id", "period"], ["q05_persons", "q95_persons", "bounds_only_count"]
    areas = combine_areas(version.read_arrow).set_index(key)
    ours = areas.loc[areas["kind"] == RestrictionKind.ALL, columns]
    begun = areas.loc[areas["kind"] == RestrictionKind.BEGAN, "q50_persons"]
    paired = people.join(ours.assign(began_q50_persons=begun), on=key)
    names = {"bounds_only_count": "without_figure_count"}
    return paired.rename(columns=names).sort_values(["publisher", "area_id", "period"])


def _read_exposed(version: Stored) -> pd.DataFrame:
    """Return the people exposed to each restriction."""
    impact = version.read_table("impact")
    return impact[impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value]


def pair_restrictions(version: Stored) -> pd.DataFrame:
    """Return figures of persons of single restrictions with our quantiles; disputed ones apart."""
    table = version.read_table("comparisons")
    is_used = (table["unit"] == Unit.PERSONS.value) & table["disputed_by"].fillna("").eq("")
    theirs = table[is_used].reset_index(drop=True)
    parts = version.read_table("impact_by_platform")
    parts = parts.drop_duplicates(["restriction_id", "platform_id"])
    exposed = _read_exposed(version).set_index("restriction_id")[QUANTILES]
    imputed = parts.set_index(["restriction_id", "platform_id"])
    imputed = imputed[[f"imputed_{name}" for name in QUANTILES]].set_axis(QUANTILES, axis=1)
    keys = pd.MultiIndex.from_frame(theirs[["restriction_id", "platform_id"]])
    services = theirs["restriction_id"].map(parts.groupby("restriction_id").size())
    is_whole = theirs["compared_with"].eq(ComparedWith.RESTRICTION.value) | services.eq(1)
    of_whole = exposed.reindex(theirs["restriction_id"]).set_axis(theirs.index)
    of_part = imputed.reindex(keys).set_axis(theirs.index)
    return theirs.join(of_whole.where(is_whole, of_part)).rename(
        columns={"published_value": "published_persons"}
    )


PLACES = (
    *("publisher", "beside our interval", "periods", "theirs is everyone online"),
    "ours leaves some out",
)


def _count_places(paired: pd.DataFrame) -> list[list[Any]]:
    """Return where the figures lie by publisher, and what would explain it."""
    low, value, high = paired["q05_persons"], paired["published_persons"], paired["q95_persons"]
    chosen = [value > high, value < low, paired["q50_persons"].notna()]
    place = np.select(chosen, ["above", "below", "inside"], "no interval of ours")
    everyone = value >= NEARLY_ALL * paired["base_persons"]
    short = paired["without_figure_count"] > 0
    marked = paired.assign(place=place, rows=1, everyone=everyone, short=short)
    counts = marked.groupby(["publisher", "place"])[["rows", "everyone", "short"]].sum()
    return [[*names, *row] for names, row in zip(counts.index, counts.to_numpy(), strict=True)]


def _measure_distance(paired: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that have a median, with ratio and place of their figure in our numbers."""
    drawn = paired[paired["q50_persons"].gt(0.0)]
    value = drawn["published_persons"]
    return drawn.assign(
        ratio=value / drawn["q50_persons"],
        is_inside=value.between(drawn["q05_persons"], drawn["q95_persons"]),
    )


def _format_ours(row: Any) -> list[str]:
    """Return median with interval, bounds and ratio of a pair."""
    low, middle, high = (format_compact(getattr(row, name)) for name in QUANTILES)
    bounds = f"{format_compact(row.min_persons)} to {format_compact(row.max_persons)}"
    return [f"{middle} ({low} to {high})", bounds, f"{row.ratio:.2g}"]


def _describe_singles(paired: pd.DataFrame) -> str:
    """Return how many figures lie inside our numbers by kind, and the farthest by their ratio."""
    measured = _measure_distance(paired)
    rows = [
        [
            kind,
            len(figures),
            f"{_are_bounded(figures).sum()} of {len(figures)}",
            f"{drawn['is_inside'].sum()} of {len(drawn)}",
            f"{drawn['ratio'].median():.2f}" if len(drawn) else "-",
        ]
        for kind, figures in [*paired.groupby("figure_kind"), ("all", paired)]
        for drawn in [measured[measured.index.isin(figures.index)]]
    ]
    heads = ("kind", "figures", "at least to at most", "in the 90 % interval", "median ratio")
    far = measured.assign(far=np.abs(np.log(measured["ratio"]))).sort_values(
        "far", ascending=False, kind="stable"
    )
    worst = [
        [
            row.restriction_id,
            row.publisher,
            row.figure_kind
            if pd.isna(row.platform_id)
            else f"{row.figure_kind}, {row.platform_id}",
            format_compact(row.published_persons),
            *_format_ours(row),
        ]
        for row in far.head(LARGEST).itertuples(index=False)
    ]
    return (
        render_markdown(heads, rows)
        + "\nThese are the figures of persons that no source disputes. "
        f"The {LARGEST} with the largest ratios:\n\n" + render_markdown(SINGLES, worst)
    )


def _are_bounded(paired: pd.DataFrame) -> "pd.Series[bool]":
    low, high = paired["min_persons"], paired["max_persons"]
    return paired["published_persons"].between(low, high)


LISTED = [
    *("publisher", "area_id", "period", "published_persons", "published_hours", "q05_persons"),
    *("q50_persons", "q95_persons", "min_persons", "max_persons", "base_persons"),
    *("q50_ratio", "difference_reason", "restrictions_count", "without_figure_count"),
    "began_q50_persons",
]
"""Columns of the list."""


SUMMARY = (
    *("publisher", "figures", "compared", "within bounds", "median ratio"),
    *("with a median", "in our 90 % interval"),
)


def _summarize_publishers(people: pd.DataFrame) -> list[list[Any]]:
    rows = []
    for publisher, figures in people.groupby("publisher"):
        with_bounds = figures[figures["printed_max_persons"].notna()]
        within = (
            (with_bounds["difference_reason"] == "within_bounds").mean()
            if len(with_bounds)
            else None
        )
        middle = (
            with_bounds["q50_ratio"].fillna(with_bounds["printed_max_ratio"]).median()
            if len(with_bounds)
            else None
        )
        shown = ["-", "-"] if within is None else [f"{within:.0%}", f"{middle:.2f}"]
        drawn = _measure_distance(figures)
        inside = f"{drawn['is_inside'].mean():.0%}" if len(drawn) else "-"
        rows.append([publisher, len(figures), len(with_bounds), *shown, len(drawn), inside])
    return rows


def _count_reasons(people: pd.DataFrame) -> list[list[Any]]:
    counts = people.groupby(["publisher", "difference_reason"]).size()
    return [[publisher, reason, count] for (publisher, reason), count in counts.items()]


def _list_largest(people: pd.DataFrame) -> list[list[str]]:
    """Return the figures outside our bounds that differ by the most people, a sentence each."""
    outside = people[people["printed_max_persons"].notna()]
    outside = outside[outside["difference_reason"] != "within_bounds"]
    above = outside["published_persons"] - outside["printed_max_persons"]
    below = outside["printed_min_persons"] - outside["published_persons"]
    far = pd.concat([above, below], axis=1).max(axis=1)
    chosen = outside.loc[far.sort_values(ascending=False, kind="stable").index[:LARGEST]]
    return [
        [
            row.area_id,
            row.period,
            row.publisher,
            format_compact(row.published_persons),
            explain_difference(row._asdict()),
        ]
        for row in chosen.itertuples(index=False)
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Write the page of the latest version into docs/comparisons.md or the file of `--into`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparisons")
    parser.add_argument("--published", type=Path, default=CHECKOUT / "data" / "published")
    parser.add_argument("--into", type=Path, default=CHECKOUT / "docs" / "comparisons.md")
    arguments = parser.parse_args(words)
    try:
        version = find_latest(arguments.published)
        text, listed = format_page(version), pair_areas(version)[LISTED].round(4)
    except PublishError as error:
        parser.error(str(error))
    arguments.into.write_text(text, encoding="utf-8")
    listed.to_csv(arguments.into.with_suffix(".csv"), index=False, lineterminator="\n")
    print(arguments.into)


if __name__ == "__main__":
    main()
