"""Sizes of the pages of a Parquet file, from the headers that decoding itself obeys.

The footer of a file states how large its columns are, and whoever writes the footer may lie. The
header of a page, which pyarrow does not show, says how many bytes the page decompresses to and how
many values it has; a page with more cannot be read. It is a structure of Thrift's compact protocol
(https://github.com/apache/parquet-format).
"""

from typing import Any

SIZE, COMPRESSED_SIZE, VALUE_COUNT = 2, 3, 1
"""Fields of a header: bytes after and before decompression; and values, in the part of its kind."""
DICTIONARY, ENCODINGS = 7, {5: 2, 7: 2, 8: 4}
"""The kinds of pages by their part of a header, with the field of the encoding in that part."""
DELTA_TEXTS = 7
"""The encoding of texts that begin like the text before: of any length, however small the page."""
LEAST_PAGE = 1000
"""Bytes that each page counts for at least, so that there are not millions of pages."""


def sum_pages(content: bytes, start: int, end: int, most_bytes: int) -> tuple[int, int, int]:
    """Return the decompressed bytes of pages, those of dictionaries among them, and the values.

    Raise ValueError for a damaged page; end early above the limit.
    """
    size_bytes = dictionary_bytes = values = 0
    while 0 <= start < end and size_bytes <= most_bytes:
        try:
            header, start = _read_struct(content, start)
            kind = next(number for number in ENCODINGS if number in header)
            size, packed, count = header[SIZE], header[COMPRESSED_SIZE], header[kind][VALUE_COUNT]
            encoding = header[kind][ENCODINGS[kind]]
        except (LookupError, StopIteration, TypeError, RecursionError) as error:
            raise ValueError("a page has a damaged header") from error
        if encoding == DELTA_TEXTS or min(size, packed, count) < 0:
            raise ValueError("a page has texts that are encoded as differences, or a negative size")
        start += packed
        size_bytes += max(size, LEAST_PAGE)
        dictionary_bytes += size * (kind == DICTIONARY)
        values += count * (kind != DICTIONARY)
    return size_bytes, dictionary_bytes, values


def _read_struct(content: bytes, place: int) -> tuple[dict[int, Any], int]:
    """Return the fields of a structure by number, those of texts as None, and where it ends."""
    fields: dict[int, Any] = {}
    number = 0
    while head := content[place]:
        number, place = number + (head >> 4), place + 1
        if head < 16 or number in fields:
            raise ValueError("a page has a header whose fields are not in order")
        value: Any = None
        match head & 15:
            case 1 | 2:  # true and false
                pass
            case 4 | 5 | 6:  # whole numbers; the sign is the last bit
                coded, place = _read_number(content, place)
                value = (coded >> 1) ^ -(coded & 1)
            case 8:  # a text
                length, place = _read_number(content, place)
                place += length
            case 12:
                value, place = _read_struct(content, place)
            case _:
                raise ValueError("a page has a header with an unknown field")
        fields[number] = value
    return fields, place + 1


def _read_number(content: bytes, place: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while (piece := content[place]) > 127:
        value |= (piece & 127) << shift
        shift, place = shift + 7, place + 1
    return value | piece << shift, place + 1
