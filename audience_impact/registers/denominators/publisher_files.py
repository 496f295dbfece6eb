"""Publishers' files: their bytes as rows of text, these as tidy tables, and two downloads compared.

This module does not download anything. A file that no longer has the expected columns is refused,
with the name of the missing column, so that a change of the format is never read as a change of the
data.

Definitions. A tidy table has `area_id`, `year` and `persons` or `share` (0 to 1). A shape says
which columns of a publisher's file have area, year and number, and in which unit.

Method. The text files of World Population Prospects give the 31 December of each year, in
thousands, so mid-year is the geometric mean of the two ends.

Assumptions. Areas that are not in the facts are omitted, and so is a projection without both
bounds, because it would replace one that has them.

Citation. World Bank SP.POP.TOTL; ITU, individuals using the internet; United Nations, World
Population Prospects 2024.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd

from audience_impact.vocabulary import WORLD

INDICATOR_KEY = ("country", "date")
PROJECTION_KEY = ("LocID", "Variant", "Time")
REGISTER_KEY = ("country", "start_date", "area_name", "shutdown_type")
NETWORK_KEY = ("CC", "AS")
_INDICATOR_META = ("page", "pages", "total", "lastupdated")
_INDICATOR_ROW = ("country", "countryiso3code", "date", "value")
_NETWORK = (*NETWORK_KEY, "Description", "Percent of CC Pop")
_MONTH = re.compile(r"(\d{4})[-/](\d{2})[-/]\d{2}\b")
_PROJECTION = ("LocID", "ISO2_code", "Location", "Variant", "Time", "PopTotal")
_REGISTER = (*REGISTER_KEY, "end_date", "geo_scope", "affected_network", "shutdown_extent")
_VARIANTS = {"Medium": "persons", "Lower 95 PI": "low", "Upper 95 PI": "high"}
"""Variants of World Population Prospects that are read: the projection and its 95 % bounds."""
_WORLD_BANK_WORLD, _UN_WORLD = "1W", "900"
_GZIP = b"\x1f\x8b"
_Only = tuple[str, Sequence[str]]
"""Column of a publisher's file, and the words in that column that select the rows to read."""
MOST_PAGE_BYTES, MOST_LINE_SIGNS = 20_000_000, 1_000_000
MOST_SIGNS, MOST_ROWS = 500_000_000, 500_000
"""Most characters and rows of a file: a larger one is an error or an attack."""
Reader = Callable[[Sequence[bytes]], pd.DataFrame]


class ShapeError(ValueError):
    """A file does not have the expected content; the message states what is missing."""


@dataclass(frozen=True)
class Difference:
    """Numbers of rows in the previous download, and of rows added, changed and removed since."""

    before: int
    added: int
    changed: int
    gone: int

    @property
    def changed_share(self) -> float:
        """Return the rows removed or changed, as a share of the previous rows."""
        return (self.changed + self.gone) / self.before if self.before else 0.0

    def __str__(self) -> str:
        """Return the numbers of rows added, changed and removed in a sentence."""
        return f"{self.added} rows added, {self.changed} changed, {self.gone} gone of {self.before}"


def compare_downloads(before: pd.DataFrame, after: pd.DataFrame, key: Sequence[str]) -> Difference:
    """Count rows added, changed and removed; rows with the same key are matched by their order."""
    old, new = _cells_by_key(before, key), _cells_by_key(after, key)
    both = old.keys() & new.keys()
    changed = sum(old[row] != new[row] for row in both)
    return Difference(len(old), len(new.keys() - both), changed, len(old.keys() - both))


def _cells_by_key(rows: pd.DataFrame, key: Sequence[str]) -> dict[Any, Any]:
    repeat = rows.groupby(list(key), sort=False).cumcount()
    cells = rows[sorted(rows.columns)].itertuples(index=False, name=None)
    keys = rows[list(key)].itertuples(index=False, name=None)
    return {(*values, number): row for values, number, row in zip(keys, repeat, cells, strict=True)}


def page_count(page: bytes) -> int:
    """Return the number of pages of an indicator, from its first page."""
    return _read_number(_read_page(page)[0], "pages")


def updated_on(page: bytes) -> str:
    """Return the day on which the World Bank last changed the indicator."""
    return str(_read_page(page)[0]["lastupdated"])


def read_indicator(pages: Sequence[bytes]) -> pd.DataFrame:
    """Return rows of an indicator of the World Bank that have a value: country, date, value."""
    read = [_read_page(page) for page in pages]
    if len({meta["lastupdated"] for meta, _ in read}) > 1:
        raise ShapeError("was updated between two pages: run again")
    rows = [row for _, part in read for row in part]
    if len(rows) != (total := _read_number(read[0][0], "total")):
        raise ShapeError(f"states {total} rows and contains {len(rows)}")
    filled = [
        (str(row["country"]["id"]), str(row["date"]), str(row["value"]))
        for row in rows
        if row["value"] is not None
    ]
    return _require_rows(pd.DataFrame(filled, columns=["country", "date", "value"], dtype="str"))


def read_networks(files: Sequence[bytes]) -> pd.DataFrame:
    """Return the users of each network: CC, AS, Description, Percent of CC Pop, and the `month`."""
    answer = _load_json(b"".join(files))
    _require_columns(answer, ("Date", "Data"))
    month = _MONTH.match(str(answer["Date"]))
    if not month:
        raise ShapeError(f"has no day in Date, but {str(answer['Date'])[:40]!r}")
    rows = answer["Data"] if isinstance(answer["Data"], list) else []
    for row in rows:
        _require_columns(row, _NETWORK)
    cells = [[" ".join(str(row[name]).split()) for name in _NETWORK] for row in rows]
    table = pd.DataFrame(cells, columns=list(_NETWORK), dtype="str")
    return _require_rows(table.assign(month=f"{month[1]}-{month[2]}"))


def _load_json(page: bytes) -> Any:
    if len(page) > MOST_PAGE_BYTES:
        raise ShapeError(f"gives a page of more than {MOST_PAGE_BYTES:,} bytes")
    try:
        return json.loads(page, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise ShapeError(f"gives no JSON ({error})") from error


def _read_page(page: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the header and the rows of a page; raise ShapeError with the World Bank's message."""
    answer = _load_json(page)
    if not isinstance(answer, list) or not answer or not isinstance(answer[0], dict):
        raise ShapeError("gives JSON that is no list of a head and rows")
    if "message" in answer[0]:
        raise ShapeError(f"answers with a message: {json.dumps(answer[0]['message'])[:200]}")
    _require_columns(answer[0], _INDICATOR_META)
    rows = answer[1] if len(answer) > 1 else None
    if not isinstance(rows, list) or not rows:
        raise ShapeError("has no rows")
    for row in rows:
        _require_columns(row, _INDICATOR_ROW)
        if not isinstance(row["country"], dict) or "id" not in row["country"]:
            raise ShapeError("lacks the column country.id")
    return answer[0], rows


def _read_number(meta: dict[str, Any], name: str) -> int:
    try:
        return int(meta[name])
    except (TypeError, ValueError) as error:
        raise ShapeError(f"has no number in {name}, but {meta[name]!r}") from error


def read_projections(files: Sequence[bytes]) -> pd.DataFrame:
    """Return rows of World Population Prospects: the medium variant and its bounds."""
    rows = _require_rows(_read_table(b"".join(files), _PROJECTION, ("Variant", tuple(_VARIANTS))))
    if lost := [variant for variant in _VARIANTS if variant not in set(rows["Variant"])]:
        raise ShapeError(f"lacks the variant {', '.join(lost)}")
    return rows


def read_register(files: Sequence[bytes]) -> pd.DataFrame:
    """Return the rows of a register of shutdowns, with all columns of the publisher."""
    return _require_rows(_read_table(b"".join(files), _REGISTER))


def _read_table(data: bytes, needed: Sequence[str], only: _Only | None = None) -> pd.DataFrame:
    """Return a CSV file, gzipped or not, as text; with `only`, just those rows and columns."""
    packed = io.BytesIO(data)
    plain = gzip.GzipFile(fileobj=packed) if data.startswith(_GZIP) else packed
    try:
        with io.TextIOWrapper(cast(BinaryIO, plain), "utf-8-sig", newline="") as text:
            reader = csv.reader(_read_lines(text), strict=True)
            header = next(reader, [])
            _require_columns(dict.fromkeys(header), needed)
            return _select_rows(reader, header, needed if only else header, only)
    except (OSError, EOFError, zlib.error) as error:
        raise ShapeError(f"is an incomplete gzip file ({error})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ShapeError(f"gives no CSV ({error})") from error


def _read_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a file; raise ShapeError beyond MOST_LINE_SIGNS or MOST_SIGNS."""
    total = 0
    while line := text.readline(MOST_LINE_SIGNS + 1):
        total += len(line)
        if len(line) > MOST_LINE_SIGNS:
            raise ShapeError(f"has a line of more than {MOST_LINE_SIGNS:,} characters")
        if total > MOST_SIGNS:
            raise ShapeError(f"unpacks to more than {MOST_SIGNS:,} characters")
        yield line


def _select_rows(
    reader: Iterator[list[str]], header: Sequence[str], taken: Sequence[str], only: _Only | None
) -> pd.DataFrame:
    places = [header.index(name) for name in taken]
    place, words = (header.index(only[0]), only[1]) if only else (0, ())
    rows = []
    for number, row in enumerate(filter(None, reader), 1):
        if len(row) != len(header):
            raise ShapeError(f"has {len(row)} cells in row {number}, not {len(header)}")
        if not only or row[place] in words:
            rows.append([row[cell] for cell in places])
            if len(rows) > MOST_ROWS:
                raise ShapeError(f"has more than {MOST_ROWS:,} rows")
    return pd.DataFrame(rows, columns=list(taken), dtype="str")


def _require_columns(row: object, columns: Sequence[str]) -> None:
    header = row if isinstance(row, dict) else {}
    if missing := [name for name in columns if name not in header]:
        listing = ", ".join(map(str, header))[:200] or "none"
        raise ShapeError(f"lacks the column {', '.join(missing)} (columns found: {listing})")


def _require_rows(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        raise ShapeError("has no rows that can be used")
    return rows


@dataclass(frozen=True)
class Shape:
    """The columns of a publisher's file with area, year and number.

    `column` is that of the tidy table; a printed number is multiplied by `times` and divided by
    `per`.
    """

    area: str
    year: str
    number: str
    column: str = "persons"
    times: int = 1
    per: int = 1


POPULATION_FILE = Shape("Country Code", "Year", "Value")
SHARE_FILE = Shape("Code", "Year", "percent", "share", per=100)
POPULATION = Shape("country", "date", "value")
SHARES = Shape("country", "date", "value", "share", per=100)
PROJECTIONS = Shape("ISO2_code", "Time", "PopTotal", times=1000)
"""Files of the World Bank and of the ITU, and answers of the World Bank and of the UN."""


def answer_codes(areas: Collection[str]) -> dict[str, str]:
    """Return the area id of each code in an answer of the World Bank or the UN."""
    return {area: area for area in areas} | ({_WORLD_BANK_WORLD: WORLD} if WORLD in areas else {})


def read_figures(shape: Shape, rows: pd.DataFrame, codes: Mapping[str, str]) -> pd.DataFrame:
    """Return a publisher's rows as a tidy table, without blank numbers and other areas.

    `codes` gives the area id of each code. Raises ShapeError for a cell that is no number, and for
    a share above 1.
    """
    filled = rows[rows[shape.number] != ""]
    filled = filled.assign(area_id=filled[shape.area].map(dict(codes))).dropna(subset="area_id")
    numbers = _parse_numbers(filled[shape.number]) * shape.times / shape.per
    if shape.column == "share" and (numbers > 1).any():
        raise ShapeError("gives a share above 100 percent")
    years = _parse_numbers(filled[shape.year]).astype("int64")
    table = pd.DataFrame({"area_id": filled["area_id"], "year": years, shape.column: numbers})
    return table.sort_values(["area_id", "year"], ignore_index=True)


def _parse_numbers(texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    if (strange := ~np.isfinite(numbers)).any():
        raise ShapeError(f"has a cell that is no number: {texts[strange].iloc[0]!r}")
    return numbers


def tidy_projections(rows: pd.DataFrame, codes: Mapping[str, str]) -> pd.DataFrame:
    """Return people in the middle of each year as projected by the UN, with 95 % bounds.

    Columns `area_id`, `year`, `persons`, `low`, `high`; the medium variant is never outside them.
    """
    coded = rows.assign(ISO2_code=rows["ISO2_code"].mask(rows["LocID"] == _UN_WORLD, WORLD))
    parts = []
    for variant, name in _VARIANTS.items():
        table = read_figures(PROJECTIONS, coded[coded["Variant"] == variant], codes)
        keyed = table.set_index(["area_id", "year"])["persons"].rename(name)
        if keyed.index.has_duplicates:
            raise ShapeError(f"gives {variant} of a place and year twice")
        parts.append(keyed)
    table = pd.concat(parts, axis=1).dropna().sort_index().reset_index()
    return table.assign(
        low=np.minimum(table["low"], table["persons"]),
        high=np.maximum(table["high"], table["persons"]),
    )


def tidy_prospects(files: Mapping[str, pd.DataFrame], codes: Mapping[int, str]) -> pd.DataFrame:
    """Return the UN's text files as persons at the end of each year, bounds `low` and `high`.

    `files` are those of `persons`, `low` and `high`; `codes` gives the area id of a code of the UN.
    """
    parts = []
    for name, file in files.items():
        years = [column for column in file.columns if column.isdecimal()]
        long = file.melt("country_code", years, "year", name)
        long = long.assign(area_id=long["country_code"].astype("int64").map(dict(codes)))
        long = long.dropna(subset=["area_id"]).astype({"year": "int64"})
        parts.append(1000 * long.set_index(["area_id", "year"])[name].astype("float64"))
    return pd.concat(parts, axis=1).sort_index().reset_index()


def mid_years(ends: pd.DataFrame) -> pd.DataFrame:
    """Return people in the middle of each year for which both ends are known."""
    before = ends.assign(year=ends["year"] + 1).set_index(["area_id", "year"])
    after = ends.set_index(["area_id", "year"])
    return np.sqrt(before * after).dropna().sort_index().reset_index()
