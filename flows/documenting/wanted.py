"""Which figure would narrow the answers most: `python -m flows.documenting.wanted`.

Like the comparisons it depends on the register that was imported, so the page says from which
version it was made and is written by this command alone.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from audience_impact.answers.answer import millions
from audience_impact.answers.tables import markdown
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import ImpactMetric
from flows.documenting.page import write

LOOK_FOR = 10  # as the title says
LARGEST = 30
TABLES = ("sensitivity", "restrictions")
BY = ["country_id", "platforms", "input"]
"""A figure is of a country and services, and of one kind of input."""
OF_COUNTRY = ("base", "daily_use", "network")
"""Inputs that are of a country, whatever the services."""
HEADINGS = ("where", "services", "what to measure", "answers", "narrower by")


def narrowing(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Of each figure one could look for: answers it is in, and people their intervals would lose.

    `tables` by name: TABLES. Columns BY, `advice`, `restrictions_count` and `narrowing_persons`,
    added over restrictions, the largest first. A restriction in several countries stands for the
    countries together.
    """
    shares = tables["sensitivity"]
    exposed = shares["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value
    known = shares[exposed & (shares["narrowing_persons"] > 0)]
    names = tables["restrictions"][["restriction_id", "country_id", "platforms"]]
    rows = known.merge(names, on="restriction_id")
    anywhere = rows["input"].isin(OF_COUNTRY)
    rows = rows.assign(platforms=rows["platforms"].mask(anywhere, "any"))
    table = rows.groupby(BY, as_index=False).agg(
        advice=("advice", "first"),
        restrictions_count=("restriction_id", "nunique"),
        narrowing_persons=("narrowing_persons", "sum"),
    )
    return table.sort_values(
        ["narrowing_persons", *BY], ascending=[False, True, True, True], ignore_index=True
    )


def page(version: Stored) -> str:
    """The page as Markdown, from the tables of a published version."""
    found = narrowing({name: version.table(name) for name in TABLES})
    best = found.drop_duplicates("country_id")
    return (
        "# Ten figures to look for\n\n"
        f"Made by `python -m flows.documenting.wanted` from version `{version.id}`, with the "
        "register imported beside the facts. What a figure is worth is the sum, over the "
        "restrictions whose people exposed it would tell more of, of the people by which their "
        "90 % intervals would narrow if it were known exactly (`narrowing_persons` of the table "
        "`sensitivity`). One figure often serves many restrictions of a country.\n\n"
        + markdown(HEADINGS, _rows(best.head(LOOK_FOR)))
        + f"\n## The best figure of each country, the first {LARGEST}\n\n"
        + markdown(HEADINGS, _rows(best.head(LARGEST)))
    )


def _rows(found: pd.DataFrame) -> list[list[str]]:
    return [
        [
            row.country_id,
            row.platforms,
            row.advice,
            f"{row.restrictions_count:,}",
            millions(row.narrowing_persons),
        ]
        for row in found.itertuples()
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Write docs/figures-to-look-for.md."""
    write("flows.documenting.wanted", __doc__, page, "figures-to-look-for.md", words)


if __name__ == "__main__":
    main()
