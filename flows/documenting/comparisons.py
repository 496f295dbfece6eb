"""Write docs/comparisons.md: figures of others, compared with ours.

It depends on the register that was imported, which is not in the repository, so the page names its
version. It is written only by `python -m flows.documenting.comparisons`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from audience_impact.answers.numbers import format_compact
from audience_impact.answers.sentences import explain_difference
from audience_impact.answers.tables import render_markdown
from audience_impact.store import PublishError
from audience_impact.store.versions import Stored, find_latest
from flows import CHECKOUT

LARGEST = 10


def format_page(version: Stored) -> str:
    """Return the page as Markdown, from the tables of a published version."""
    table = version.read_table("area_comparisons")
    people = table[table["published_persons"].notna()]
    return (
        "# What others published, compared with our numbers\n\n"
        f"`python -m flows.documenting.comparisons` wrote this page from version `{version.id}`, "
        "which includes an imported register (`audience-impact import stop FILE --into DIR`, "
        "`run --facts data/facts --facts DIR`). Their numbers are people in a country and a "
        "period. Ours are the people under at least one restriction there, each counted once.\n\n"
        "## By publisher\n\n"
        + render_markdown(SUMMARY, _summarize_publishers(people))
        + "\nThe ratio is their number divided by our median, or by our upper bound if there is "
        "no median.\n\n## Why they differ\n\n"
        + render_markdown(("publisher", "reason", "periods"), _count_reasons(people))
        + f"\n## The {LARGEST} largest differences\n\n"
        + render_markdown(("area", "period", "publisher", "theirs", "why"), _list_largest(people))
    )


SUMMARY = ("publisher", "figures", "compared", "within bounds", "median ratio")


def _summarize_publishers(people: pd.DataFrame) -> list[list[Any]]:
    rows = []
    for publisher, figures in people.groupby("publisher"):
        with_bounds = figures[figures["upper_persons"].notna()]
        within = (
            (with_bounds["difference_reason"] == "within_bounds").mean()
            if len(with_bounds)
            else None
        )
        middle = (
            with_bounds["q50_ratio"].fillna(with_bounds["upper_ratio"]).median()
            if len(with_bounds)
            else None
        )
        shown = ["-", "-"] if within is None else [f"{within:.0%}", f"{middle:.2f}"]
        rows.append([publisher, len(figures), len(with_bounds), *shown])
    return rows


def _count_reasons(people: pd.DataFrame) -> list[list[Any]]:
    counts = people.groupby(["publisher", "difference_reason"]).size()
    return [[publisher, reason, count] for (publisher, reason), count in counts.items()]


def _list_largest(people: pd.DataFrame) -> list[list[str]]:
    """Return the figures outside our bounds that differ by the most people, a sentence each."""
    outside = people[people["upper_persons"].notna()]
    outside = outside[outside["difference_reason"] != "within_bounds"]
    above = outside["published_persons"] - outside["upper_persons"]
    below = outside["lower_persons"] - outside["published_persons"]
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
    parser = argparse.ArgumentParser(prog="python -m flows.documenting.comparisons")
    parser.add_argument("--published", type=Path, default=CHECKOUT / "data" / "published")
    parser.add_argument("--into", type=Path, default=CHECKOUT / "docs" / "comparisons.md")
    arguments = parser.parse_args(words)
    try:
        text = format_page(find_latest(arguments.published))
    except PublishError as error:
        parser.error(str(error))
    arguments.into.write_text(text, encoding="utf-8")
    print(arguments.into)


if __name__ == "__main__":
    main()
