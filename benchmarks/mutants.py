"""The mutations of a fact file that `benchmarks.mutations` tries: bytes in, bytes out."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

Random = np.random.Generator
Table = list[list[str]]
Mutation = Callable[[bytes, Random], bytes]

NUMBERS = (
    *(
        "1e308",
        "-1e308",
        "9" * 400,
        "NaN",
        "inf",
        "-1",
        "-0",
        "0x10",
        "1_000",
        "1,000",
        "1.000.000",
    ),
    *(
        "1e3",
        "\u0669\u0666",
        "\uff19\uff16",
        "9 6",
        "½",
        "1/3",
        "0",
        "0.1",
        "100000000",
        "1" + "0" * 18,
        "+5",
        ".5",
        "5.",
    ),
)
DAYS = (
    *("0000-00-00", "0000-H1", "9999-12-31", "9999-H2", "2025-02-30", "2025-13", "25-06-01"),
    *("2025-06/2024-01", "2025/", "/2025", "2025-W10", "1700-01-01", "2262-04-12", "20250601"),
    *("2025-06-01T00:00:00Z", "01.06.2025", "2025-Q9", "2025-H3", "2025-6", "-2025", "2025-06/"),
)
TEXTS = (
    *("=HYPERLINK(1)", "<script>alert(1)</script>", "\x1b[31mred", "\u202egnp", "a\u200bb", "\x00"),
    *(" ", "\u00a0", "\t", "\ufeff", "x" * 100_000, "line\nend", "carriage\rend", '"', "'", "\\"),
    *(
        "[/b][red]",
        "*",
        ";",
        ";;",
        "a;a",
        "../../etc/passwd",
        "nan",
        "None",
        "null",
        "TRUE",
        "#REF!",
    ),
    *(
        "{0.__class__}",
        "%s%n",
        "$(id)",
        "(((((a+)+)+)+)+)$",
        "a{99999999999}",
        "[",
        "\\1",
        "\ud7ff",
        "\U0001d49c",
    ),
)


def _table(content: bytes) -> Table:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def _bytes(table: Table, delimiter: str = ",", is_quoted: bool = False) -> bytes:
    text = io.StringIO(newline="")
    style = "unix" if is_quoted else "excel"  # unix quotes every cell
    csv.writer(text, style, delimiter=delimiter, lineterminator="\n").writerows(table)
    return text.getvalue().encode("utf-8", "surrogatepass")


def _of_table(change: Callable[[Table, Random], Table | None]) -> Mutation:
    """A mutation of rows and cells; a file without rows stays as it is."""

    def mutate(content: bytes, random: Random) -> bytes:
        rows = _table(content)
        if len(rows) < 2:
            return content
        return _bytes(change(rows, random) or rows)

    return mutate


def _spot(rows: Table, random: Random) -> tuple[int, int]:
    """A cell below the header, filled where ten tries find one that is."""
    for _ in range(10):
        row, column = int(random.integers(1, len(rows))), int(random.integers(len(rows[0])))
        if rows[row][column]:
            break
    return row, column


def _cell(choose: Callable[[str, Random], str]) -> Mutation:
    def change(rows: Table, random: Random) -> None:
        row, column = _spot(rows, random)
        rows[row][column] = choose(rows[row][column], random)

    return _of_table(change)


def _one_of(cells: tuple[str, ...]) -> Mutation:
    return _cell(lambda _, random: str(random.choice(np.array(cells, dtype=object))))


def _digit(cell: str, random: Random) -> str:
    places = [place for place, sign in enumerate(cell) if sign.isdigit()]
    if not places:
        return cell + str(random.integers(10))
    place = int(random.choice(places))
    kinds = (cell[:place] + cell[place + 1 :], cell[: place + 1] + cell[place:])
    replaced = cell[:place] + str(random.integers(10)) + cell[place + 1 :]
    return (*kinds, replaced)[int(random.integers(3))]


def _sign(cell: str, random: Random) -> str:
    place = int(random.integers(len(cell) + 1))
    return cell[:place] + chr(int(random.integers(1, 0x2FFF))) + cell[place:]


def _from_column(rows: Table, random: Random) -> None:
    row, column = _spot(rows, random)
    rows[row][column] = rows[int(random.integers(1, len(rows)))][column]


def _swap_cells(rows: Table, random: Random) -> None:
    row, first = _spot(rows, random)
    second = int(random.integers(len(rows[0])))
    rows[row][first], rows[row][second] = rows[row][second], rows[row][first]


def _swap_header(rows: Table, random: Random) -> None:
    first, second = random.integers(len(rows[0]), size=2)
    rows[0][first], rows[0][second] = rows[0][second], rows[0][first]


def _rename_header(rows: Table, random: Random) -> None:
    column = int(random.integers(len(rows[0])))
    rows[0][column] = str(random.choice([rows[0][0], "", "oops", rows[0][column].upper()]))


def _without_column(rows: Table, random: Random) -> Table:
    column = int(random.integers(len(rows[0])))
    return [row[:column] + row[column + 1 :] for row in rows]


def _column_twice(rows: Table, random: Random) -> Table:
    column = int(random.integers(len(rows[0])))
    return [[*row, row[column]] for row in rows]


def _column_moved(rows: Table, random: Random) -> Table:
    order = [int(place) for place in random.permutation(len(rows[0]))]
    return [[row[place] for place in order] for row in rows]


def _column_shifted(rows: Table, random: Random) -> None:
    """The cells of a column one row further down, as a spreadsheet does it."""
    column = int(random.integers(len(rows[0])))
    cells = [row[column] for row in rows[1:]]
    for row, cell in zip(rows[1:], [cells[-1], *cells[:-1]], strict=True):
        row[column] = cell


def _row_twice(rows: Table, random: Random) -> None:
    row = list(rows[int(random.integers(1, len(rows)))])
    rows.insert(int(random.integers(1, len(rows) + 1)), row)


def _row_gone(rows: Table, random: Random) -> None:
    del rows[int(random.integers(1, len(rows)))]


def _rows_gone(rows: Table, random: Random) -> None:
    start = int(random.integers(1, len(rows)))
    del rows[start : start + int(random.integers(2, 30))]


def _row_longer(rows: Table, random: Random) -> None:
    row, column = _spot(rows, random)
    rows[row].insert(column, "")


def _row_shorter(rows: Table, random: Random) -> None:
    row, column = _spot(rows, random)
    del rows[row][column]


def _sorted_otherwise(rows: Table, random: Random) -> Table:
    return [rows[0], *(rows[int(place)] for place in 1 + random.permutation(len(rows) - 1))]


def _cell_broken(rows: Table, random: Random) -> None:
    row, column = _spot(rows, random)
    rows[row][column] += str(random.choice(["\n", "\r\n", "\r", "\n\n"])) + "rest"


def _at(content: bytes, random: Random) -> int:
    return int(random.integers(len(content) + 1))


def _flip(content: bytes, random: Random) -> bytes:
    place = min(_at(content, random), len(content) - 1)
    changed = bytes([content[place] ^ (1 << int(random.integers(8)))])
    return content[:place] + changed + content[place + 1 :]


def _insert(content: bytes, random: Random) -> bytes:
    place = _at(content, random)
    return content[:place] + random.bytes(int(random.integers(1, 20))) + content[place:]


def _remove(content: bytes, random: Random) -> bytes:
    place = _at(content, random)
    return content[:place] + content[place + int(random.integers(1, 200)) :]


def _cut(content: bytes, random: Random) -> bytes:
    return content[: _at(content, random)]


def _cut_at_line(content: bytes, random: Random) -> bytes:
    ends = [place + 1 for place, byte in enumerate(content) if byte == 0x0A]
    return content[: int(random.choice(ends))] if ends else b""


def _quote(content: bytes, random: Random) -> bytes:
    place = _at(content, random)
    return content[:place] + b'"' + content[place:]


def _encoded(content: bytes, random: Random) -> bytes:
    name = str(random.choice(["latin-1", "cp1251", "utf-16", "utf-32", "utf-8-sig", "shift_jis"]))
    return content.decode().encode(name, "replace")


def _line_ends(content: bytes, random: Random) -> bytes:
    ends = (b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b", b"\xe2\x80\xa8")
    return content.replace(b"\n", ends[int(random.integers(len(ends)))])


def _delimiter(content: bytes, random: Random) -> bytes:
    return _bytes(_table(content), delimiter=str(random.choice([";", "\t", "|"])))


def _all_quoted(content: bytes, random: Random) -> bytes:
    del random
    return _bytes(_table(content), is_quoted=True)


def _replace_file(content: bytes, random: Random) -> bytes:
    contents = (
        b"",
        b"\n",
        b"\x00" * 100,
        b"PK\x03\x04" + random.bytes(200),
        b"<html></html>",
        b'{"a":1}',
    )
    return contents[int(random.integers(len(contents)))]


DAMAGES: dict[str, Mutation] = {
    "bit flipped": _flip,
    "bytes inserted": _insert,
    "bytes removed": _remove,
    "file cut": _cut,
    "file cut at a line end": _cut_at_line,
    "another file": _replace_file,
    "quote inserted": _quote,
    "all quoted": _all_quoted,
    "another encoding": _encoded,
    "other line ends": _line_ends,
    "other delimiter": _delimiter,
    "digit of a cell": _cell(_digit),
    "odd number": _one_of(NUMBERS),
    "odd day": _one_of(DAYS),
    "hostile text": _one_of(TEXTS),
    "sign in a cell": _cell(_sign),
    "blank cell": _one_of(("",)),
    "cell of another row": _of_table(_from_column),
    "cells of a row swapped": _of_table(_swap_cells),
    "line end in a cell": _of_table(_cell_broken),
    "headings swapped": _of_table(_swap_header),
    "heading renamed": _of_table(_rename_header),
    "column gone": _of_table(_without_column),
    "column twice": _of_table(_column_twice),
    "columns in another order": _of_table(_column_moved),
    "column shifted": _of_table(_column_shifted),
    "row twice": _of_table(_row_twice),
    "row gone": _of_table(_row_gone),
    "rows gone": _of_table(_rows_gone),
    "row longer": _of_table(_row_longer),
    "row shorter": _of_table(_row_shorter),
    "rows in another order": _of_table(_sorted_otherwise),
}


# Slips that keep every contract: another end, place, service, unit or number than the true one.


def _slip(*names: str) -> Callable[[Callable[[dict[str, str], Table, Random], None]], Mutation]:
    """A mutation of a row of a table that has all these columns, all filled in that row."""

    def decorate(change: Callable[[dict[str, str], Table, Random], None]) -> Mutation:
        def mutate(rows: Table, random: Random) -> None:
            header = rows[0]
            if not {*names} <= {*header}:
                return
            filled = [
                number
                for number, row in enumerate(rows[1:], 1)
                if all(row[header.index(name)] for name in names)
            ]
            if filled:
                number = int(random.choice(filled))
                cells = dict(zip(header, rows[number], strict=True))
                change(cells, rows, random)
                rows[number] = [cells[name] for name in header]

        return _of_table(mutate)

    return decorate


def _other_cell(name: str) -> Mutation:
    """A cell of a column becomes another of the words or ids that the column has."""

    @_slip(name)
    def change(cells: dict[str, str], rows: Table, random: Random) -> None:
        place = rows[0].index(name)
        others = sorted({row[place] for row in rows[1:]} - {cells[name], ""})
        if others:
            cells[name] = str(random.choice(others))

    return change


def _list_cells(rows: Table, names: Sequence[str]) -> list[tuple[int, int]]:
    """Return row and column of each cell of these columns below the header, by column."""
    header = rows[0]
    return [
        (number, header.index(name))
        for name in names
        if name in header
        for number in range(1, len(rows))
    ]


def _other_days(change_day: Callable[[date, Random], date | None], *names: str) -> Mutation:
    """A whole day in one of these columns becomes another day."""

    def change(rows: Table, random: Random) -> None:
        days = [
            (row, column)
            for row, column in _list_cells(rows, names)
            if WHOLE_DAY.fullmatch(rows[row][column])
        ]
        for row, column in [days[int(at)] for at in random.permutation(len(days))]:
            day = change_day(date.fromisoformat(rows[row][column]), random)
            if day:
                rows[row][column] = day.isoformat()
                return

    return _of_table(change)


NUMBER = re.compile(r"\d+(\.\d+)?")
WHOLE_DAY = re.compile(r"\d{4}-\d\d-\d\d")
DAYS_OF_ACTS = (
    "observed_from",
    "ended_on",
    "announced_on",
    "accessed_on",
    "published_on",
    "period",
)
VALUES = ("value", "persons", "share", "low_persons", "weighted_share", "users_share", "high")


def _swap_day_and_month(day: date, _random: Random) -> date | None:
    return (
        None if day.day > 12 or day.day == day.month else day.replace(day=day.month, month=day.day)
    )


def _scaled(factor: float, *units: str) -> Mutation:
    """A number of a row, of some units where they are named, times a factor."""

    def change(rows: Table, random: Random) -> None:
        header = rows[0]
        numbers = [
            (row, column)
            for row, column in _list_cells(rows, VALUES)
            if NUMBER.fullmatch(rows[row][column])
            and (not units or ("unit" in header and rows[row][header.index("unit")] in units))
        ]
        if numbers:
            row, column = numbers[int(random.integers(len(numbers)))]
            value = float(rows[row][column]) * factor
            rows[row][column] = f"{value:.0f}" if value >= 10 else f"{value:.6g}"

    return _of_table(change)


@_slip("ended_on", "end_status")
def _end_gone(cells: dict[str, str], _rows: Table, _random: Random) -> None:
    cells.update(ended_on="", end_status="ongoing")


def _neighbour_digits(rows: Table, random: Random) -> None:
    """Two different digits beside one another change places in a number."""
    digits = [
        (row, column, place)
        for row, column in _list_cells(rows, VALUES)
        for place, pair in enumerate(pairwise(rows[row][column]))
        if pair[0] != pair[1] and "".join(pair).isdigit()
    ]
    if digits:
        row, column, place = digits[int(random.integers(len(digits)))]
        cell = rows[row][column]
        rows[row][column] = cell[:place] + cell[place + 1] + cell[place] + cell[place + 2 :]


def _swap_with_row(*names: str) -> Mutation:
    """Two rows exchange the cell of a column, or of several columns."""

    @_slip(*names)
    def change(cells: dict[str, str], rows: Table, random: Random) -> None:
        second = rows[int(random.integers(1, len(rows)))]
        for name in names:
            place = rows[0].index(name)
            cells[name], second[place] = second[place], cells[name]

    return change


@_slip("low", "high")
def _range_lost(cells: dict[str, str], _rows: Table, _random: Random) -> None:
    """Of a range the low end alone is left, as the value."""
    cells.update(value=cells["value"] or cells["low"], low="", high="", interval_kind="none")


@_slip("days_in_force")
def _days_lost(cells: dict[str, str], _rows: Table, _random: Random) -> None:
    cells["days_in_force"] = ""


def _row_under_another_key(rows: Table, random: Random) -> None:
    """A row once more, under another id."""
    row = list(rows[int(random.integers(1, len(rows)))])
    row[0] += "-2"
    rows.append(row)


def _two_rows_gone(rows: Table, random: Random) -> None:
    for _ in range(min(2, len(rows) - 1)):
        _row_gone(rows, random)


SLIPS: dict[str, Mutation] = {
    "end gone": _end_gone,
    "end a month later": _other_days(lambda day, _: day + timedelta(31), "ended_on"),
    "end a year later": _other_days(lambda day, _: day + timedelta(365), "ended_on"),
    "day and month swapped": _other_days(_swap_day_and_month, *DAYS_OF_ACTS),
    "another area": _other_cell("area_id"),
    "another platform": _other_cell("platform_id"),
    "accounts times a thousand": _scaled(1000.0, "accounts", "identities"),
    "number times ten": _scaled(10.0),
}
"""Slips that were looked at while the rules against them were written."""
UNSEEN_SLIPS: dict[str, Mutation] = {
    "start a year earlier": _other_days(
        lambda day, _: day - timedelta(365), "observed_from", "announced_on"
    ),
    "start some days later": _other_days(
        lambda day, random: day + timedelta(int(random.integers(1, 20))), "observed_from"
    ),
    "end some days earlier": _other_days(
        lambda day, random: day - timedelta(int(random.integers(1, 20))), "ended_on"
    ),
    "number halved": _scaled(0.5),
    "number by a thousand": _scaled(0.001),
    "number a tenth more": _scaled(1.1),
    "percent for a share": _scaled(100.0, "share"),
    "digits exchanged": _of_table(_neighbour_digits),
    "another unit": _other_cell("unit"),
    "another metric": _other_cell("audience_metric"),
    "another population": _other_cell("population_base"),
    "another period": _other_cell("period"),
    "another programme": _other_cell("measurement_series_id"),
    "another source": _other_cell("source_id"),
    "another kind of interval": _other_cell("interval_kind"),
    "another age": _other_cell("age"),
    "places of another restriction": _other_cell("area_ids"),
    "platforms of another row": _other_cell("platform_ids"),
    "another network scope": _other_cell("network_scope"),
    "another extent": _other_cell("geo_scope"),
    "another severity": _other_cell("severity"),
    "another action": _other_cell("action"),
    "another evidence": _other_cell("evidence_state"),
    "another claim": _other_cell("claim_status"),
    "another feature": _other_cell("feature"),
    "another parent": _other_cell("parent_id"),
    "target of another restriction": _other_cell("restriction_id"),
    "another survey": _other_cell("survey_id"),
    "values of two rows exchanged": _swap_with_row("value"),
    "days of two rows exchanged": _swap_with_row("observed_from"),
    "areas of two rows exchanged": _swap_with_row("area_id"),
    "range lost": _range_lost,
    "days in force lost": _days_lost,
    "row under another key": _of_table(_row_under_another_key),
    "two rows gone": _of_table(_two_rows_gone),
    "respondents of two rows exchanged": _swap_with_row("respondents"),
}
"""Slips whose outcomes nobody looked at while the rules were written."""
MUTATIONS: dict[str, Mutation] = {**DAMAGES, **SLIPS, **UNSEEN_SLIPS}
