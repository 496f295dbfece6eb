"""Each published column names the version of the schema that added it; the newest one counts."""

import re

from schemas import published


def test_columns_are_of_one_major_version() -> None:
    versions = {column.since for part in published.PARTS.values() for column in part.values()}
    major = published.SCHEMA_VERSION.partition(".")[0]
    assert all(re.fullmatch(rf"{major}\.\d+", version) for version in versions)
    assert f"{major}.0" in versions, "a withdrawn column begins a major version for all"
