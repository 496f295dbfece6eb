"""The description of a version: its title, licences, sources and tables."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from audience_impact.store import DETAILS
from audience_impact.vocabulary import Unstated
from schemas import facts

LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
LICENCES_OF_SOURCES = {
    "name": "licence-of-each-source",
    "title": "The licence of its source, for each fact and each cell that quotes one: see sources",
}
"""What a version says of the facts in it, some of which are under the GPL or under none stated."""
STATED = {Unstated.NOT_STATED.value: "not stated by the publisher"}
"""What a manifest says of a licence in place of the word in the column `licence`."""


def describe_version(
    sources: pd.DataFrame, source_ids: Mapping[str, frozenset[str]]
) -> dict[str, Any]:
    """Return the description of a version and of each of its tables, for its manifest.

    Args:
        sources: The published table of sources, with blanks instead of nulls.
        source_ids: The sources of each published table.
    """
    from schemas import published  # not at the top: a check of facts imports this module

    ids = sources["source_id"]
    used = {**source_ids, "sources": frozenset[str]()}  # that table names its sources itself
    return {
        "title": "How many people an internet restriction affects",
        "description": "Bounds on the people exposed to each restriction, with the figures, "
        "sources and lines of fact files behind them. What is computed here is under "
        f"{LICENCE['name']}; the facts, and cells that quote them, stay under the licences of "
        "their sources, which are listed by source.",
        "licence": LICENCE,
        "other_licences": [LICENCES_OF_SOURCES],
        "sources": describe_sources(sources),
        "fact_keys": facts.list_keys(),
        "tables": {
            name: {
                "title": name.replace("_", " "),
                "description": published.describe_table(name),
                "sources": ids[ids.isin(used[name])].to_list(),
                "primary_key": published.KEYS[name],
                "folder": DETAILS if name in published.DETAILS else "",
            }
            for name in published.TABLES
        },
    }


def describe_sources(sources: pd.DataFrame) -> list[dict[str, str]]:
    """Return the id, title, address and licence of each source, as far as somebody noted them.

    Without a title it is named by its publisher.
    """
    licences = sources["licence"].replace({**STATED, "": Unstated.NOT_RECORDED.value})
    return [
        {
            "source_id": row.source_id,
            "title": row.publisher if row.title == Unstated.NOT_RECORDED else row.title,
            **({"path": row.url} if row.url else {}),
            "licence": licence,
        }
        for row, licence in zip(sources.itertuples(), licences, strict=True)
    ]
