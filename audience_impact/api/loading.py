"""Load published tables, and the model of joint use fitted to surveys, into a notebook.

A published version is a folder of Parquet files that describe themselves; a calibration is the fact
table `overlap_calibration` together with the table `surveys`, which names the survey organisations.
Both fact tables are inside the wheel. In a checkout they are links into data/facts, so that no file
exists twice.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.overlap.one_factor import OneFactorCopula

SHIPPED = Path(__file__).parents[1] / "overlap" / "shipped"
METADATA_KEY = b"audience_impact"
_CODED = ("values", "special_values")
_NOTE = ("description", "unit", "sdmx_concept", "values")
CALIBRATION, SURVEYS = "overlap_calibration", "surveys"
_COLUMNS = {
    CALIBRATION: ("parameter", "survey_id", "value", "houses"),
    SURVEYS: ("survey_id", "area_id", "house"),
}


def load_calibration(path: str | Path | None = None) -> "OneFactorCopula":
    """Return the model of joint use that was fitted to surveys.

    Args:
        path: A folder with overlap_calibration.csv, or the file itself. If surveys.csv is next to
            it, the surveys of a country adjust the estimates of this country. None: the
            calibration that comes with this package.

    Returns:
        The one-factor copula. `.calibration` has its parameters; `.centres` has the centre and
        scale of the log odds of the correlation for each surveyed country.

    Raises:
        OSError: There is no such file.
        ValueError: The file is not this table; the message states what is wrong.

    Source:
        `audience-impact learn joint-use` writes the table; `audience_impact.fitting.joint_use`.

    Examples:
        >>> model = load_calibration()
        >>> model.calibration.houses
        8
        >>> "RU" in model.centres
        True
    """
    import pandas as pd

    from audience_impact.overlap import one_factor

    place = Path(path) if path is not None else SHIPPED
    file = place / f"{CALIBRATION}.csv" if place.is_dir() else place
    table, beside = _read_fact_table(file, CALIBRATION), file.with_name(f"{SURVEYS}.csv")
    columns = list(_COLUMNS[SURVEYS])
    surveys = (
        _read_fact_table(beside, SURVEYS) if beside.is_file() else pd.DataFrame(columns=columns)
    )
    for name in ("value", "houses"):
        numbers = pd.to_numeric(table[name], errors="coerce")
        if numbers.isna().any():
            row = int(numbers.isna().to_numpy().argmax())
            cell = table[name].iloc[row]
            raise ValueError(f"{file}: line {row + 2}, column {name}: {cell!r} is no number")
        table[name] = numbers
    try:
        model = one_factor.read_model({CALIBRATION: table, SURVEYS: surveys})
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    if model is None:
        raise ValueError(f"{file} has no rows")
    return model


def _read_fact_table(file: Path, name: str) -> "pd.DataFrame":
    import pandas as pd

    try:
        table = pd.read_csv(file, dtype="str", keep_default_na=False)
    except ValueError as error:  # pandas' errors of parsing and of encoding are such
        raise ValueError(f"{file} is no table: {error}") from error
    lacking = [column for column in _COLUMNS[name] if column not in table.columns]
    if lacking:
        raise ValueError(f"{file} lacks the columns {', '.join(lacking)} of the table {name}")
    return table


def load(path: str | Path) -> "pd.DataFrame | dict[str, pd.DataFrame]":
    """Return published tables, with their descriptions and those of each column.

    Args:
        path: A folder of a version (such as data/published/latest), or one of its Parquet files.

    Returns:
        The table of a file, or the tables of a folder by name. `table.attrs` contains `table`,
        `title`, `description`, `licence`, `sources`, `version_id`, `as_of` and `seed` as
        published, and `columns`: for each column its `description`, `unit`, `sdmx_concept` and,
        if it is coded, `values` with the meaning of each value (`special_values` if only a few
        values are codes). `column_notes` shows them.

    Raises:
        FileNotFoundError: There is no such file or folder, or no table in the folder.
        ValueError: A file is no table that this project published.

    Source:
        docs/data-dictionary.md has the same words of every column.

    Examples:
        >>> load("nowhere")
        Traceback (most recent call last):
            ...
        FileNotFoundError: nowhere: no such file, and no folder with published tables
    """
    place = Path(path)
    if place.is_file():
        return _read_published(place)
    files = sorted(place.resolve().glob("*.parquet")) if place.is_dir() else []
    if not files:
        raise FileNotFoundError(f"{place}: no such file, and no folder with published tables")
    return {file.stem: _read_published(file) for file in files}


def _read_published(file: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(file)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{file} is no Parquet file: {error}") from error
    if METADATA_KEY not in (schema.metadata or {}):
        raise ValueError(f"{file} was not published by audience-impact: it has no description")
    table = pd.read_parquet(file)
    table.attrs = json.loads(schema.metadata[METADATA_KEY])
    table.attrs["columns"] = {field.name: _decode_notes(field) for field in schema}
    return table


def _decode_notes(field: Any) -> dict[str, Any]:
    notes = {key.decode(): word.decode() for key, word in (field.metadata or {}).items()}
    return notes | {key: json.loads(notes[key]) for key in _CODED if key in notes}


def column_notes(frame: "pd.DataFrame", *made_from: "pd.DataFrame") -> "pd.DataFrame":
    """Return the notes of each column of a table: meaning, unit, and meanings of coded values.

    pandas keeps these notes through selecting, sorting, renaming rows, copies and grouping, and
    drops them where it puts different tables together (`merge`, `join`, `concat`, `pivot`): then
    name the tables that the frame was made from.

    Args:
        frame: A table from `load`, or a table made from such tables.
        made_from: Tables from `load` that have its columns; the first one counts.

    Returns:
        A row a column, in the order of the frame: `description`, `unit`, `sdmx_concept` and
        `values`, blank for columns that you made yourself.

    Raises:
        ValueError: Neither the frame nor any of the tables has notes.

    Source:
        `load`; docs/data-dictionary.md has the same words.

    Examples:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"sex": ["F", "M"]})
        >>> table.attrs["columns"] = {"sex": {"values": {"F": "female", "M": "male"}}}
        >>> column_notes(table).loc["sex", "values"]
        'F: female; M: male'
    """
    import pandas as pd

    notes: dict[str, dict[str, Any]] = {}
    for table in (frame, *made_from):
        notes = table.attrs.get("columns", {}) | notes
    if not notes:
        raise ValueError(
            "the frame has no notes: load() adds them, and pandas drops them when it combines "
            "tables; name these tables: column_notes(frame, impact, restrictions)"
        )
    rows = {name: _format_note(notes.get(name, {})) for name in frame.columns}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(_NOTE)).rename_axis("column")


def _format_note(note: dict[str, Any]) -> tuple[str, ...]:
    """Return a column as a row of `column_notes`."""
    words: dict[str, str] = next((note[key] for key in _CODED if key in note), {})
    values = "; ".join(f"{value}: {meaning}" for value, meaning in words.items())
    return (*(note.get(key, "") for key in _NOTE[:-1]), values)
