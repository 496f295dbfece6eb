"""The page that sets what others published beside ours: `python -m flows.reporting.comparisons`.

It depends on the register that was imported, which is not in the repository, so the page says
from which version it was made and is written by this command alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from flows.publishing.versions import Stored
from flows.reporting.answer import millions
from flows.reporting.page import write
from flows.reporting.tables import markdown

LARGEST = 10
WHY = {
    "counts_all_internet_users": "theirs is {share:.0%} of everyone in our base, whatever was "
    "restricted; ours counts who used it: {ours}",
    "adds_up_platforms": "theirs adds up audiences that overlap; ours counts each person once: "
    "{ours}",
    "duration_differs": "theirs gives hours alone; ours is on record for {count} restrictions",
    "fewer_restrictions": "theirs is less than ours forces: the register holds a restriction that "
    "theirs leaves out or takes for a part of the country; ours: {ours}",
    "other_definition": "theirs is not everyone in our base, and yet outside our bounds: another "
    "count of the people online, place or definition; ours: {ours}",
    "counts_the_population": "theirs is everyone who lives there; ours: {ours}",
    "within_bounds": "theirs lies within our bounds: {ours}",
    "other_period": "ours are counted by month and by year, and theirs is another span",
    "nothing_on_record": "neither the register nor the facts hold a restriction of that period",
}
"""What each code says, in a sentence."""


def page(version: Stored) -> str:
    """The page as Markdown, from the tables of a published version."""
    table = version.table("area_comparisons")
    people = table[table["published_persons"].notna()]
    return (
        "# What others published, beside ours\n\n"
        f"Made by `python -m flows.reporting.comparisons` from version `{version.id}`, with the "
        "register imported beside the facts (`audience-impact import stop FILE --into DIR`, "
        "`run --facts data/facts --facts DIR`). Theirs are numbers of people for a country and a "
        "period, ours the people under at least one restriction in it, each once.\n\n"
        "## By publisher\n\n"
        + markdown(SUMMARY, _summary(people))
        + "\nThe ratio is theirs over our median, or over our upper bound where there is no "
        "median.\n\n## Why they differ\n\n"
        + markdown(("publisher", "reason", "periods"), _reasons(people))
        + f"\n## The {LARGEST} largest differences\n\n"
        + markdown(("area", "period", "publisher", "theirs", "why"), _largest(people))
    )


SUMMARY = ("publisher", "figures", "compared", "within bounds", "median ratio")


def _ratio(table: pd.DataFrame) -> pd.Series:
    return table["q50_ratio"].fillna(table["upper_ratio"])


def _summary(people: pd.DataFrame) -> list[list[Any]]:
    rows = []
    for publisher, own in people.groupby("publisher"):
        known = own[own["upper_persons"].notna()]
        within = (known["difference_reason"] == "within_bounds").mean() if len(known) else None
        middle = _ratio(known).median() if len(known) else None
        shown = ["-", "-"] if within is None else [f"{within:.0%}", f"{middle:.2f}"]
        rows.append([publisher, len(own), len(known), *shown])
    return rows


def _reasons(people: pd.DataFrame) -> list[list[Any]]:
    counts = people.groupby(["publisher", "difference_reason"]).size()
    return [[publisher, reason, count] for (publisher, reason), count in counts.items()]


def _largest(people: pd.DataFrame) -> list[list[str]]:
    """The figures outside our bounds that differ by the most people, a sentence each."""
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
            millions(row.published_persons),
            why(row._asdict()),
        ]
        for row in chosen.itertuples(index=False)
    ]


def why(row: Mapping[str, Any]) -> str:
    """Why what others published of an area differs from ours, or that it does not."""
    known = {name: None if pd.isna(cell) else cell for name, cell in row.items()}
    middle = "" if known["q50_persons"] is None else f", median {millions(known['q50_persons'])}"
    theirs, base = known["published_persons"], known["base_persons"]
    return WHY[row["difference_reason"]].format(
        share=theirs / base if theirs and base else 0.0,
        ours=f"{millions(known['lower_persons'])} to {millions(known['upper_persons'])}{middle}",
        count=int(known["restrictions_count"] or 0),
    )


def main(words: Sequence[str] | None = None) -> None:
    """Write docs/comparisons.md."""
    write("flows.reporting.comparisons", __doc__, page, "comparisons.md", words)


if __name__ == "__main__":
    main()
