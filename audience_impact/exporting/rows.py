"""The rows of a sheet, written a column at a time.

XlsxWriter takes cell by cell, some five microseconds each; a register has five million. Here each
distinct value of a column is written once, and Arrow joins the cells of a row. All else of a sheet
is left to XlsxWriter, and the bytes of the rows are those that it would write.
"""

import html
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

BLOCK_ROWS = 5_000
"""Rows that are joined at once."""
_ESCAPE = re.compile(r"_x[0-9A-Fa-f]{4}_")
"""What Excel would read as the code of a character."""


class RowSheet(Worksheet):  # type: ignore[misc]  # xlsxwriter has no type hints
    """A sheet that takes whole columns below the rows that are written already.

    It uses parts of XlsxWriter that are not public: the file to which `constant_memory` writes the
    rows, the number of a format, and a link without its cell.
    """

    def _xml_rich_inline_string(self, text: str, attributes: Sequence[Any] = ()) -> None:
        """Write a text as text that XlsxWriter would take for finished XML: `<r>...</r>`."""
        self._xml_inline_string(text, False, attributes)

    def write_columns(self, first: int, cells: Sequence[pa.Array]) -> None:
        """Write columns of equal length from row `first`, counted from 0, on.

        Args:
            first: The row of the first cells; the rows above it are complete.
            cells: What `write_cells` returned for each column, from the first column on.
        """
        count = len(cells[0])
        if count:
            self._write_single_row(first + count - 1)
            self.fh.writelines(_join_rows(first, cells))
            self._check_dimensions(first + count - 1, len(cells) - 1)

    def add_link(self, row: int, place: int, address: str) -> None:
        """Add the link of a cell that `write_columns` writes later."""
        self.ignore_write_string = True
        self.write_url(row, place, address)
        self.ignore_write_string = False


def write_cells(column: pa.ChunkedArray, write: Callable[[Any, int], str]) -> pa.Array:
    """Return the XML of each cell of a column after its address; null for a blank cell.

    Args:
        column: The values of the cells.
        write: Returns the XML of a value that so many cells have; called once for each value.
    """
    coded = column.combine_chunks().dictionary_encode()
    values = coded.dictionary.to_pylist()
    counts = np.bincount(coded.indices.drop_null(), minlength=len(values)).tolist()
    written = pa.array(map(write, values, counts), pa.large_string())
    return written.take(coded.indices)


def write_text(text: str, form: Format) -> str:
    """Return the XML of a cell with a text, after its address."""
    space = ' xml:space="preserve"' if text != text.strip() else ""
    shown = html.escape(_ESCAPE.sub(r"_x005F\g<0>", text), quote=False)
    return f' s="{form._get_xf_index()}" t="inlineStr"><is><t{space}>{shown}</t></is></c>'


def write_number(number: float, form: Format) -> str:
    """Return the XML of a cell with a number, after its address.

    Raise ValueError for what is no number, with which Excel would not open the file.
    """
    if not math.isfinite(number):
        raise ValueError(f"{number} cannot be written into a cell")
    return f' s="{form._get_xf_index()}"><v>{number:.16G}</v></c>'


def _join_rows(first: int, cells: Sequence[pa.Array]) -> Iterator[str]:
    """Yield the XML of rows, a block at a time; a row without cells is left out."""
    for start in range(0, len(cells[0]), BLOCK_ROWS):
        parts = [column.slice(start, BLOCK_ROWS) for column in cells]
        numbers = pa.array(range(first + start + 1, first + start + 1 + len(parts[0])))
        numbers = numbers.cast(pa.large_string())
        located = [
            _join([f'<c r="{xl_col_to_name(place)}', numbers, '"', part], "emit_null")
            for place, part in enumerate(parts)
        ]
        inner = _join(located, "replace")
        rows = _join(['<row r="', numbers, '">', inner, "</row>"], "emit_null")
        yield "".join(rows.filter(pc.not_equal(inner, "")).to_pylist())


def _join(parts: Sequence[pa.Array | str], nulls: str) -> pa.Array:
    """Return texts joined row by row."""
    texts = [
        pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in parts
    ]
    separator = pa.scalar("", pa.large_string())
    return pc.binary_join_element_wise(*texts, separator, null_handling=nulls)
