"""Sizes of the pages of a Parquet file, from the headers that decoding itself obeys.

The footer of a file states how large its columns are, and whoever writes the footer may lie. The
header of each page says how many bytes the page decompresses to and how many values it has; a page
with more of either cannot be read. Headers are structures of Thrift's compact protocol, as in
https://github.com/apache/parquet-format, of which pyarrow does not show those of pages.
"""

from typing import Any, NamedTuple

SIZE, COMPRESSED_SIZE = 2, 3
"""Numbers of the fields of a header: bytes of the page before and after its compression."""
VALUE_COUNT = 1
"""The number of the field of values in the part of a header for the kind of its page."""
ENCODINGS = {5: 2, 7: 2, 8: 4}
"""The number of the field of the encoding, by the kind of a page: data, dictionary, data again."""
DICTIONARY = 7
DELTA_TEXTS = 7
"""The encoding of texts that begin like the text before: of any length, however small the page."""
LEAST_PAGE = 1000
"""Bytes that each page counts for at least, so that there are not millions of pages."""
_TRUE, _FALSE, _I16, _I32, _I64, _BINARY, _STRUCT = 1, 2, 4, 5, 6, 8, 12


class Pages(NamedTuple):
    """The decompressed bytes of pages, those of dictionaries among them, and the values of data."""

    size_bytes: int
    dictionary_bytes: int
    values: int


def sum_pages(content: bytes, start: int, end: int) -> Pages:
    """Return the sizes of all pages between two places; raise ValueError for a damaged page."""
    size_bytes = dictionary_bytes = values = 0
    while 0 <= start < end:
        page, start = _read_page(content, start)
        size_bytes += max(page.size_bytes, LEAST_PAGE)
        dictionary_bytes += page.dictionary_bytes
        values += page.values
    return Pages(size_bytes, dictionary_bytes, values)


def _read_page(content: bytes, place: int) -> tuple[Pages, int]:
    """Return the sizes of the page at a place, and the place of the next."""
    try:
        header, place = _read_struct(content, place)
        kind = next(number for number in ENCODINGS if number in header)
        size, compressed, values = header[SIZE], header[COMPRESSED_SIZE], header[kind][VALUE_COUNT]
        encoding = header[kind][ENCODINGS[kind]]
    except (LookupError, StopIteration, TypeError, RecursionError) as error:
        raise ValueError("a page has a damaged header") from error
    if encoding == DELTA_TEXTS or min(size, compressed, values) < 0:
        raise ValueError("a page has texts that are encoded as differences, or a negative size")
    is_dictionary = kind == DICTIONARY
    page = Pages(size, size if is_dictionary else 0, 0 if is_dictionary else values)
    return page, place + compressed


def _read_struct(content: bytes, place: int) -> tuple[dict[int, Any], int]:
    """Return the fields of a structure by number, those of texts as None, and where it ends."""
    fields: dict[int, Any] = {}
    number = 0
    while head := content[place]:
        step, kind = head >> 4, head & 15
        number, place = number + step, place + 1
        value: Any = kind == _TRUE
        if kind in (_I16, _I32, _I64):
            value, place = _read_number(content, place)
        elif kind == _BINARY:
            length, place = _read_varint(content, place)
            value, place = None, place + length
        elif kind == _STRUCT:
            value, place = _read_struct(content, place)
        elif kind not in (_TRUE, _FALSE):
            raise ValueError("a page has a header with an unknown field")
        if not step or number in fields:
            raise ValueError("a page has a header whose fields are not in order")
        fields[number] = value
    return fields, place + 1


def _read_number(content: bytes, place: int) -> tuple[int, int]:
    """Return a number with its sign, and where it ends."""
    coded, place = _read_varint(content, place)
    return (coded >> 1) ^ -(coded & 1), place


def _read_varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while (piece := content[place]) > 127:
        value |= (piece & 127) << shift
        shift, place = shift + 7, place + 1
    return value | piece << shift, place + 1
