"""Files of the publishers as rows, and two downloads side by side."""

import gzip
import json
from typing import Any

import pandas as pd
import pytest

from audience_impact.registers.denominators import publisher_files as downloaded
from audience_impact.registers.denominators.publisher_files import Difference, ShapeError

UN = "LocID,ISO2_code,Location,Variant,Time,PopTotal\n516,NA,Namibia,{},2024,1.5\n"


def page(*values: Any, pages: int = 1, total: int = 0, updated: str = "2026-07-01") -> bytes:
    rows = [
        {"country": {"id": "NA"}, "countryiso3code": "NAM", "date": str(2000 + n), "value": value}
        for n, value in enumerate(values)
    ]
    meta = {"page": 1, "pages": pages, "total": total or len(rows), "lastupdated": updated}
    return json.dumps([meta, rows]).encode()


def frame(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["key", "value"])


def test_an_indicator_keeps_numbers_as_written_and_drops_years_without_one() -> None:
    rows = downloaded.read_indicator([page(1234567890123, None, 12.50)])
    assert rows.to_dict("list") == {
        "country": ["NA", "NA"],
        "date": ["2000", "2002"],
        "value": ["1234567890123", "12.5"],
    }


def test_the_head_of_a_page_tells_pages_and_day() -> None:
    assert downloaded.page_count(page(1, pages=18)) == 18
    assert downloaded.updated_on(page(1)) == "2026-07-01"


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ([page(1, total=2)], "states 2 rows and contains 1"),
        ([page(1, total=2), page(1, total=2, updated="2026-07-02")], "between two pages"),
        ([page(None)], "has no rows"),
        ([page()], "has no rows"),
        ([b"[]"], "no list of a head and rows"),
        ([b"<wb/>"], "gives no JSON"),
        ([b"\xff"], "gives no JSON"),
        ([page(1).replace(b'"value"', b'"val"')], "lacks the column value"),
        ([page(1).replace(b'"id"', b'"code"')], r"lacks the column country\.id"),
        ([page(1).replace(b'"lastupdated"', b'"updated"')], "lacks the column lastupdated"),
        ([page(1).replace(b'"total": 1', b'"total": "x"')], "no number in total"),
    ],
)
def test_an_indicator_of_another_shape_is_refused(pages: list[bytes], reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        downloaded.read_indicator(pages)


@pytest.mark.parametrize("packed", [True, False])
def test_projections_are_the_medium_variant_with_its_bounds_and_namibia_stays(packed: bool) -> None:
    variants = ("Medium", "High", "Lower 95 PI", "Upper 95 PI", "Upper 80 PI")
    lines = [UN.format(variant).split("\n")[1] for variant in variants]
    data = ("\ufeff" + "\n".join([UN.split("\n")[0], *lines])).encode()
    rows = downloaded.read_projections([gzip.compress(data) if packed else data])
    assert rows["ISO2_code"].tolist() == ["NA"] * 3
    assert rows["Variant"].tolist() == ["Medium", "Lower 95 PI", "Upper 95 PI"]
    assert rows["PopTotal"].tolist() == ["1.5"] * 3


@pytest.mark.parametrize(("data", "reason"), [
    (UN.replace("PopTotal", "Total").encode(), r"lacks the column PopTotal \(columns found: Lo"),
    (UN.format("High").encode(), "has no rows"),
    (UN.format("Medium").encode(), "lacks the variant Lower 95 PI, Upper 95 PI"),
    (gzip.compress(UN.encode(), mtime=0)[:-9], "incomplete gzip file"),
    (UN.format("Medium").encode() + b'1,2,"3', "gives no CSV"),
    (UN.format("M\xe9dium").encode("latin-1"), "gives no CSV"),
    (UN.format("Medium").encode() + b"1,2,3\n", "has 3 cells in row 2, not 6"),
    (b"", r"columns found: none"),
])  # fmt: skip
def test_projections_of_another_shape_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        downloaded.read_projections([data])


def test_a_register_keeps_columns_that_nobody_asked_for() -> None:
    names = ["event", *downloaded.REGISTER_KEY, "end_date", "geo_scope"]
    header = ",".join([*names, "affected_network", "shutdown_extent"])
    rows = downloaded.read_register([f"{header}\n{'x,' * 8}x\n".encode()])
    assert ",".join(rows) == header
    with pytest.raises(ShapeError, match="has 10 cells in row 1, not 9"):
        downloaded.read_register([f"{header}\n{'x,' * 9}x\n".encode()])


def test_rows_added_changed_and_gone_are_counted() -> None:
    before = frame(("a", "1"), ("b", "1"), ("c", "1"), ("c", "2"))
    after = frame(("d", "1"), ("a", "1"), ("b", "2"), ("c", "1"))
    change = downloaded.compare_downloads(before, after, ["key"])
    assert change == Difference(before=4, added=1, changed=1, gone=1)
    assert change.changed_share == 0.5
    assert str(change) == "1 rows added, 1 changed, 1 gone of 4"


def test_the_order_of_rows_and_of_columns_is_no_change() -> None:
    before = frame(("a", "1"), ("b", "2"))
    after = before[::-1][["value", "key"]]
    assert downloaded.compare_downloads(before, after, ["key"]) == Difference(2, 0, 0, 0)


def test_nothing_before_is_no_share() -> None:
    assert downloaded.compare_downloads(frame(), frame(("a", "1")), ["key"]).changed_share == 0


def test_a_file_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    header, row = UN.format("Medium").encode().split(b"\n")[:2]
    with pytest.raises(ShapeError, match="a line of more than 1,000,000 characters"):
        downloaded.read_projections([gzip.compress(header + b"\n" + bytes(5_000_000))])
    many = gzip.compress(header + b"\n" + (row + b"\n") * 1000)
    monkeypatch.setattr(downloaded, "MOST_SIGNS", 10_000)
    with pytest.raises(ShapeError, match="unpacks to more than 10,000 characters"):
        downloaded.read_projections([many])
    monkeypatch.undo()
    monkeypatch.setattr(downloaded, "MOST_ROWS", 999)
    with pytest.raises(ShapeError, match="more than 999 rows"):
        downloaded.read_projections([many])


def test_json_that_is_nested_without_end_or_too_long_is_refused() -> None:
    with pytest.raises(ShapeError, match="gives no JSON"):
        downloaded.read_indicator([b"[" * 1_000_000])
    with pytest.raises(ShapeError, match="a page of more than 20,000,000 bytes"):
        downloaded.read_indicator([bytes(20_000_001)])
