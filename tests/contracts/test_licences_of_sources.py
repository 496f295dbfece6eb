"""Every source has a licence, says that none is stated, or stands in the list of those without.

The first page of a restriction, and the measurer of a denominator, are ones that a reader can name.
"""

import re
from collections.abc import Iterable, Mapping

import pandas as pd
import pytest

from flows import CHECKOUT

FACTS = CHECKOUT / "data" / "facts"
SOURCES = FACTS / "sources.csv"
LISTED = CHECKOUT / "docs" / "publisher-licences.csv"
REASONS = {
    "terms searched for, not among the stored pages",
    "copy of a page of another house, which alone can license it",
    "page without an address",
    "page read as stored text, which rarely has a foot; terms not searched for",
    "page not opened: its address stands in a register or a public file",
}
COPY = re.compile(r"GitHub|Kaggle|PyPI|cop(?:y|ies)\b|mirror|repository", re.IGNORECASE)
DAY_IN_PATH = re.compile(r"/(20\d\d)/(0?[1-9]|1[0-2])(?:/(0?[1-9]|[12]\d|3[01]))?/")


def read_texts(path: object) -> pd.DataFrame:
    return pd.read_csv(str(path), dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def sources() -> pd.DataFrame:
    return read_texts(SOURCES)


@pytest.fixture(scope="module")
def listed() -> pd.DataFrame:
    return read_texts(LISTED)


def name_pairs(rows: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(rows["publisher"], rows["licence"], strict=True))


def name_unlisted(sources: pd.DataFrame, listed: pd.DataFrame) -> set[tuple[str, str]]:
    """Return publishers with a source without a licence that the list does not name."""
    return name_pairs(sources[sources["licence"] == ""]) - name_pairs(listed)


def name_stale(sources: pd.DataFrame, listed: pd.DataFrame) -> set[tuple[str, str]]:
    """Return rows of the list for which no source has that publisher and licence."""
    return name_pairs(listed) - name_pairs(sources)


def test_every_source_has_a_licence_or_its_publisher_a_reason(
    sources: pd.DataFrame, listed: pd.DataFrame
) -> None:
    unlisted = name_unlisted(sources, listed)
    assert not unlisted, f"add them to docs/{LISTED.name}, or their licence to the facts"
    assert not listed.duplicated(["publisher", "licence"]).any()


def test_no_row_of_the_list_outlives_its_sources(
    sources: pd.DataFrame, listed: pd.DataFrame
) -> None:
    assert not name_stale(sources, listed), f"take these rows out of docs/{LISTED.name}"


def test_a_listed_publisher_has_the_address_of_its_terms_or_one_of_the_reasons(
    listed: pd.DataFrame,
) -> None:
    licensed = listed["licence"] != ""
    assert listed.loc[licensed, "read_at"].str.match(r"https?://").all()
    assert (listed.loc[licensed, "reason"] == "").all()
    assert (listed.loc[~licensed, ["read_at", "note"]] == "").all(axis=None)
    assert set(listed.loc[~licensed, "reason"]) == REASONS


def test_a_source_that_the_list_lacks_and_a_row_without_sources_are_named() -> None:
    columns = ["publisher", "licence"]
    sources = pd.DataFrame([("A new paper", ""), ("A paper", "")], columns=columns)
    listed = pd.DataFrame([("A closed paper", ""), ("A paper", "")], columns=columns)
    assert name_unlisted(sources, listed) == {("A new paper", "")}
    assert name_stale(sources, listed) == {("A closed paper", "")}


def read_day(address: str) -> str:
    """Return the year, month and day that the path of an address contains, as far as it does."""
    parts = DAY_IN_PATH.search(address)
    return "-".join(part.zfill(2) for part in parts.groups() if part) if parts else ""


def name_undated(rows: Iterable[Mapping[str, str]]) -> set[str]:
    """Return sources whose address contains a day, month or year that their row does not repeat."""
    return {
        row["source_id"] for row in rows if not row["published_on"].startswith(read_day(row["url"]))
    }


def test_a_date_in_the_path_of_an_address_is_that_of_its_source(sources: pd.DataFrame) -> None:
    assert not name_undated(sources.to_dict("records"))


@pytest.mark.parametrize(
    ("address", "day"),
    [
        ("https://a.example/2023/05/17/a-page", "2023-05-17"),
        ("https://a.example/2023/5/a-page", "2023-05"),
        ("https://a.example/17/05/2023/a-page", ""),
        ("https://a.example/2023/15/a-page", ""),
        ("https://a.example/page/2023051", ""),
    ],
)
def test_a_source_without_the_date_of_its_address_is_named(address: str, day: str) -> None:
    row = {"source_id": "a-page", "url": address, "published_on": ""}
    assert read_day(address) == day
    assert name_undated([row]) == ({"a-page"} if day else set())


def name_relays_first(restrictions: pd.DataFrame, sources: pd.DataFrame) -> set[str]:
    """Return restrictions whose first page is a relay while the second is of a better house.

    A page of low reliability is a relay, unless it is second-hand: then only nobody opened it.
    """
    pages = sources.set_index("source_id")
    is_relay = (pages["reliability"] == "low") & ~pages["note"].str.startswith("second-hand")
    first, second = (restrictions[name].map(is_relay) for name in ("source_id", "also_source_id"))
    return {*restrictions.loc[first.eq(True) & second.eq(False), "restriction_id"]}


def test_a_page_that_merely_relays_is_the_second_of_its_restriction(sources: pd.DataFrame) -> None:
    assert not name_relays_first(read_texts(FACTS / "restrictions.csv"), sources)


@pytest.mark.parametrize(
    ("first", "second", "is_named"),
    [
        ("blog", "agency", True),
        ("agency", "blog", False),
        ("unopened", "blog", False),
        ("blog", "blog", False),
        ("blog", "", False),
    ],
)
def test_a_restriction_that_begins_with_a_relay_is_named(
    first: str, second: str, is_named: bool
) -> None:
    pages = pd.DataFrame(
        [("blog", "low", ""), ("agency", "high", ""), ("unopened", "low", "second-hand: a link")],
        columns=["source_id", "reliability", "note"],
    )
    row = pd.DataFrame(
        [("R1", first, second)], columns=["restriction_id", "source_id", "also_source_id"]
    )
    assert name_relays_first(row, pages) == ({"R1"} if is_named else set())


@pytest.mark.parametrize("table", ["bases", "online_shares"])
def test_no_copy_is_the_measurer_of_a_denominator(table: str, sources: pd.DataFrame) -> None:
    rows, lineages = read_texts(FACTS / f"{table}.csv"), read_texts(FACTS / "lineages.csv")
    of_page = rows["source_id"].map(sources.set_index("source_id")["measurement_series_id"])
    own = rows.get("measurement_series_id", pd.Series("", rows.index))
    series = own.where(own != "", of_page)
    measurers = {*series.map(lineages.set_index("measurement_series_id")["measurer"])}
    assert not {name for name in measurers if COPY.search(name)}
