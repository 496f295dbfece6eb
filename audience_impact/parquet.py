"""Parquet files of others: read only where what they decode to is in proportion to the file.

A file of ten kilobytes may decode to gigabytes: a text that is stored once and repeated by number,
or a run of millions of equal numbers. Its own words on this are not trusted; where they leave room
for too much, a column is decoded a few rows at a time until it is over the limit or at its end.
"""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LEAST_LIMIT_BYTES = 512 * 1024**2
"""Decoded bytes that any file may have: above the tables of a register of a hundred thousand."""
MOST_RATIO = 100
"""Decoded bytes for each byte of a larger file; published tables have up to about twenty."""
NUMBER_BYTES = 8


class TooLargeError(ValueError):
    """A file decodes to far more than it should; the message states the limit."""


def require_bounded(file: pq.ParquetFile, size_bytes: int) -> None:
    """Raise TooLargeError where a file of this size decodes to too many bytes."""
    most_bytes = max(LEAST_LIMIT_BYTES, MOST_RATIO * size_bytes)
    about = file.metadata
    chunks: dict[str, list[Any]] = {}
    for group in range(about.num_row_groups):
        for place in range(about.num_columns):
            chunk = about.row_group(group).column(place)
            chunks.setdefault(chunk.path_in_schema, []).append(chunk)
    if about.num_rows * about.num_columns * NUMBER_BYTES > most_bytes:
        raise _report_size(most_bytes)
    bytes_left = most_bytes
    for name, parts in chunks.items():
        largest = max(part.total_uncompressed_size for part in parts)
        if sum(part.total_uncompressed_size for part in parts) > bytes_left:
            raise _report_size(most_bytes)
        values = sum(part.num_values for part in parts)
        if "BYTE_ARRAY" in parts[0].physical_type and values * largest > bytes_left:
            rows_at_once = max(1, min(65_536, bytes_left // max(largest, 1)))
            for batch in file.iter_batches(rows_at_once, columns=[name]):
                cells = batch.column(0)
                if pa.types.is_dictionary(cells.type):
                    cells = cells.dictionary_decode()
                bytes_left -= cells.nbytes
                if bytes_left < 0:
                    raise _report_size(most_bytes)


def _report_size(most_bytes: int) -> TooLargeError:
    return TooLargeError(f"it decodes to more than {most_bytes:,} bytes")
