"""Load published tables, and the model of joint use fitted to surveys, into a notebook.

A published version is a set of Parquet files that describe themselves; a calibration is the fact
table `overlap_calibration` together with the table `surveys`, which names the survey organisations.
Both fact tables are inside the wheel. In a checkout they are links into data/facts, so that no file
exists twice.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audience_impact.vocabulary import read_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from audience_impact.overlap.model import OverlapModel
    from audience_impact.store.versions import LooseTables, Stored

SHIPPED = Path(__file__).parents[1] / "overlap" / "shipped"
RELEASED = Path(__file__).resolve().parents[1] / "released" / "version.zip"
"""The version of the last release, which comes with the package."""
CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that contains the package: the checkout, or the folder of installed libraries."""
IS_CHECKOUT = all(
    (CHECKOUT / path).exists()
    for path in ("pyproject.toml", "data/facts", "flows/publish_impact.py", "schemas/facts.py")
)
"""Whether the package is used from a checkout, which has more commands than the wheel."""
COMPUTING = CHECKOUT if IS_CHECKOUT else Path(__file__).resolve().parents[1] / "_checkout"
"""The folder with `flows` and `schemas`, which compute answers; the wheel has its own."""
PUBLISHED = CHECKOUT / "data" / "published" if IS_CHECKOUT else RELEASED
"""The versions that are read unless others are named."""
METADATA_KEY = b"audience_impact"
_CODED = ("values", "special_values")
_NOTE = ("description", "unit", "sdmx_concept", "values")
CALIBRATION, SURVEYS = "overlap_calibration", "surveys"
_COLUMNS = {
    CALIBRATION: ("parameter", "survey_id", "value", "houses"),
    SURVEYS: ("survey_id", "area_id", "house"),
}


def tables(details: bool = False) -> dict[str, str]:
    """Return the names of the published tables, with a sentence about the rows of each.

    Args:
        details: Whether to return the tables that explain or check the others in their place.

    Examples:
        >>> list(tables())[:4]
        ['restrictions', 'impact', 'impact_by_platform', 'countries_by_year']
        >>> tables(details=True)["quarantine"]
        'Every refused row, complete.'
    """
    folder = "details" if details else ""
    rows = read_table(COMPUTING / "schemas" / "published.csv")
    return {row["table"]: row["meaning"] for row in rows if row["folder"] == folder}


def load_calibration(path: str | Path | None = None) -> "OverlapModel":
    """Return the model of joint use that was fitted to surveys: a one-factor copula.

    `.calibration` has its parameters; `.centres` has the centre and scale of the log odds of the
    correlation for each surveyed country. `audience-impact learn joint-use` writes the table.

    Args:
        path: A folder with overlap_calibration.csv, or the file itself. If surveys.csv is next to
            it, the surveys of a country adjust the estimates of this country. None: the
            calibration that comes with this package.

    Raises:
        OSError: There is no such file.
        ValueError: The file is not this table; the message states what is wrong.

    Examples:
        >>> model = load_calibration()
        >>> model.calibration.houses
        8
        >>> "RU" in model.centres
        True
    """
    import pandas as pd

    from audience_impact.overlap.model import read_model

    place = Path(path) if path is not None else SHIPPED
    file = place / f"{CALIBRATION}.csv" if place.is_dir() else place
    beside = file.with_name(f"{SURVEYS}.csv")
    try:
        surveys = pd.DataFrame(columns=list(_COLUMNS[SURVEYS]))
        if beside.is_file():
            surveys = _read_fact_table(beside, SURVEYS)
        model = read_model({CALIBRATION: _read_fact_table(file, CALIBRATION), SURVEYS: surveys})
    except ValueError as error:  # pandas' errors of parsing and of encoding are such
        raise ValueError(f"{file} is no table of joint use: {error}") from error
    if model is None:
        raise ValueError(f"{file} has no rows")
    return model


def _read_fact_table(file: Path, name: str) -> "pd.DataFrame":
    import pandas as pd

    columns = _COLUMNS[name]
    types = {name: "float64" if name in ("value", "houses") else "str" for name in columns}
    return pd.read_csv(file, usecols=columns, dtype=types, keep_default_na=False)


class Tables(Mapping[str, "pd.DataFrame"]):
    """The published tables of a version by name, each read from its place on first access.

    A table is an item and an attribute, `tables["impact"]` or `tables.impact`; each access returns
    a frame of its own. Dates are datetimes, coded words categories, other words texts; lists are
    lists, counts and years `Int64`, shares floats, and yes or no is `boolean`. A table has the same
    types whether some of its cells are null or not. `table.attrs` has the words of the table, as
    `load` describes.

    Attributes:
        address: Where the version is.
        version_id: Its id; blank for Parquet files without a manifest.
    """

    def __init__(self, opened: "Stored | LooseTables") -> None:
        """Take a version opened by `store.versions`."""
        self._opened = opened
        self._read: dict[str, pa.Table] = {}
        self.address, self.version_id = opened.address, opened.id

    def __getitem__(self, name: str) -> "pd.DataFrame":
        """Return a table.

        Raises KeyError where the version has no such table, ValueError where it is damaged or too
        large, OSError where it cannot be read.
        """
        if name not in self._opened.tables:
            raise KeyError(_explain_missing(name, self._opened.tables))
        if name not in self._read:
            with _convert_errors():
                self._read[name] = self._opened.read_arrow(name, is_coded=True)
        return _make_frame(self._read[name], name, self._opened)

    def __getattr__(self, name: str) -> "pd.DataFrame":
        """Return a table; raise AttributeError where the version has no such table."""
        if name.startswith("_") or name not in self._opened.tables:
            raise AttributeError(_explain_missing(name, self._opened.tables))
        return self[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the tables, in the order of the version."""
        return iter(self._opened.tables)

    def __len__(self) -> int:
        """Return the number of tables."""
        return len(self._opened.tables)

    def __dir__(self) -> list[str]:
        """Return the names of attributes, for completion."""
        return [*super().__dir__(), *self._opened.tables]

    def __repr__(self) -> str:
        """Return the version, its place and the names of its tables, none of which is read."""
        return f"Tables of {self.version_id or self.address}: {', '.join(self)}"


def load(place: "str | Path | None" = None, *, version: str | None = None) -> Tables:
    """Return the tables of a published version, each of which is read on first access.

    Args:
        place: A folder of a version (data/published/latest), a folder in which versions are
            published (data/published), the archive of a release (.zip), or an address of any of
            these: https://, http://, s3://, gs:// or az://. A Parquet file of a version gives
            this table alone. Addresses need the extra `buckets`; keys of a store come from its own
            variables, such as AWS_ACCESS_KEY_ID. None: the version of the last release, which comes
            with this package.
        version: The version, if a folder or address has several: its number (`v42`), its id or the
            beginning of it, or `previous`. None: the latest.

    Returns:
        The tables by name. `table.attrs` contains `table`, `title`, `description`, `licence`,
        `version_id`, `as_of` and `seed` as published, and `columns`: for each column its
        `description`, `unit`, `sdmx_concept` and, if it is coded, `values` with the meaning of each
        value (`special_values` if only a few values are codes); of a file alone, of each value that
        occurs in it. `column_notes` shows them.

    Raises:
        FileNotFoundError: There is no such file or folder, or no table in it.
        ValueError: A file is no table that this project published, is damaged or is too large; a
            version is none of the place, or of a schema before 5.0.
        OSError: A place cannot be read.
        ImportError: An address needs the extra `buckets`.

    Examples:
        >>> load("nowhere")
        Traceback (most recent call last):
            ...
        FileNotFoundError: nowhere: no such file, and no folder with published tables
    """
    from audience_impact.store.versions import open_version

    with _convert_errors():
        try:
            return Tables(open_version(RELEASED if place is None else place, version))
        except ModuleNotFoundError as error:
            raise ImportError(
                f"{place}: reading an address needs the extra `buckets`: "
                "pip install 'audience-impact[buckets]'"
            ) from error


@contextmanager
def _convert_errors() -> Iterator[None]:
    """Raise OSError for a storage out of reach, ValueError for a version that is unusable."""
    from audience_impact.store import AwayError, MissingError, PublishError

    try:
        yield
    except MissingError as error:
        raise FileNotFoundError(str(error)) from error
    except AwayError as error:
        raise OSError(str(error)) from error
    except PublishError as error:
        raise ValueError(str(error)) from error


def _explain_missing(name: str, tables: tuple[str, ...]) -> str:
    """Return where the rows of a table are since schema 5.0, or which tables a version has."""
    rows = read_table(Path(__file__).with_suffix(".csv"))
    moved = {row["table"]: row["rows_are_in"] for row in rows}
    if name in moved:
        return f"{name}: its rows are in {moved[name]} since schema 5.0"
    return f"no table {name} among {', '.join(tables)}"


def _make_frame(table: "pa.Table", name: str, opened: "Stored | LooseTables") -> "pd.DataFrame":
    from audience_impact.store.manifest import describe_columns, require_schema

    try:
        attrs: dict[str, Any] = {**json.loads(table.schema.metadata[METADATA_KEY])}
    except (KeyError, ValueError, TypeError, RecursionError):
        raise ValueError(
            f"table {name} has no description of itself under {METADATA_KEY.decode()}: "
            "download the version again"
        ) from None
    with _convert_errors():
        require_schema(f"{opened.address}/{name}", str(attrs.get("schema_version", "")))
        columns = describe_columns(table.schema, opened.list_fields(name))
    frame = _set_types(table, columns)
    frame.attrs = {**attrs, "columns": columns}
    return frame


def _set_types(table: "pa.Table", notes: Mapping[str, dict[str, Any]]) -> "pd.DataFrame":
    """Return a table with texts as dictionaries as a frame with the types of `Tables`."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.bool_(): pd.BooleanDtype(), pa.int64(): pd.Int64Dtype()}
    frame: pd.DataFrame = table.to_pandas(date_as_object=False, types_mapper=nullable.get)
    for name, about in notes.items():
        kind = table.schema.field(name).type
        if pa.types.is_list(kind):
            frame[name] = pd.Series(table[name].to_pylist(), dtype="object")
        elif pa.types.is_dictionary(kind):
            words = list(about.get("values", ()))
            texts = frame[name].astype("str")
            more = sorted(set(texts.dropna()) - set(words)) if words else []
            frame[name] = texts.astype(pd.CategoricalDtype([*words, *more])) if words else texts
    return frame


def column_notes(frame: "pd.DataFrame", *made_from: "pd.DataFrame") -> "pd.DataFrame":
    """Return the notes of each column of a table: meaning, unit, and meanings of coded values.

    pandas keeps these notes through selecting, sorting, renaming rows, copies and grouping, and
    drops them where it puts different tables together (`merge`, `join`, `concat`, `pivot`): then
    name the tables that the frame was made from.

    A row a column, in the order of the frame: `description`, `unit`, `sdmx_concept` and `values`,
    blank for columns that you made yourself. Raise ValueError where neither has notes.

    Args:
        frame: A table from `load`, or a table made from such tables.
        made_from: Tables from `load` that have its columns; the first one counts.

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
    rows = {}
    for name in frame.columns:
        note = notes.get(name, {})
        words: dict[str, str] = next((note[key] for key in _CODED if key in note), {})
        values = "; ".join(f"{value}: {meaning}" for value, meaning in words.items())
        rows[name] = [*(note.get(key, "") for key in _NOTE[:-1]), values]
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(_NOTE)).rename_axis("column")
