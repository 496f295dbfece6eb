"""A version as a release: one archive that says what it holds, for those who pin it by its digest.

    audience-impact-<version>/
        datapackage.json, *.parquet, facts.zip    the version, byte for byte
        CITATION.cff                              how to cite it
        LICENCES.csv                              which licences its sources have, with counts
        CHANGELOG.md                              what changed since the release before, if given
        SHA256SUMS                                `sha256sum --check SHA256SUMS`

The bytes depend on the two versions alone.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml

from audience_impact.answers.citation import AUTHOR
from audience_impact.comparing import changes, sides, text
from audience_impact.exporting.writing import put_file
from audience_impact.store import archive
from audience_impact.store.manifest import MANIFEST, files_of, sha256
from audience_impact.store.versions import Stored

NAME = "audience-impact"
SUMS = "SHA256SUMS"
NONE_STATED = "none stated"


def release(
    version: Stored, before: Stored | None, into: Path, overwrite: bool
) -> tuple[Path, str]:
    """Write the archive of a version, and its digest beside it; gives the archive and the digest.

    Raises ExportError where something else stands there, PublishError where a version is damaged.
    """
    name = f"{NAME}-{version.id}"
    files = {f"{name}/{path}": content for path, content in contents(version, before).items()}
    packed = archive.packed(files)
    place = into / f"{name}.zip"
    digest = sha256(packed)
    line = f"{digest}  {place.name}\n".encode()
    put_file(place, lambda aside: _write(aside, packed), overwrite)
    put_file(into / f"{place.name}.sha256", lambda aside: _write(aside, line), overwrite)
    return place, digest


def _write(aside: Path, content: bytes) -> None:
    aside.write_bytes(content)


def contents(version: Stored, before: Stored | None) -> dict[str, bytes]:
    """The files of a release, by name.

    Raises PublishError where a version is damaged.
    """
    manifest = version.manifest_bytes
    files = {MANIFEST: manifest}
    files |= {path: version.content(path) for path in files_of(manifest)}
    files["CITATION.cff"] = citation(version)
    files["LICENCES.csv"] = licences(version.table("sources"), version.table("lineage"))
    if before is not None:
        files["CHANGELOG.md"] = changelog(version, before)
    files[SUMS] = sums(files)
    return files


def sums(files: Mapping[str, bytes]) -> bytes:
    """The digests of files, as `sha256sum` writes and checks them."""
    return "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files)).encode()


def citation(version: Stored) -> bytes:
    """How to cite the data, in the Citation File Format."""
    manifest = version.manifest
    told = {
        "cff-version": "1.2.0",
        "message": "If you use these figures, please cite them and the sources that they rest on.",
        "type": "dataset",
        "title": manifest["title"],
        "abstract": manifest["description"],
        "version": version.id,
        "date-released": f"{version.version.as_of}",
        "license": manifest["licenses"][0]["name"],
        "authors": [{"name": AUTHOR}],
    }
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100).encode()


def licences(sources: pd.DataFrame, lineage: pd.DataFrame) -> bytes:
    """The licences that sources state: of how many, and how many rows of lineage rest on them.

    They are the sources' own; the figures of a version are under the licence of its manifest.
    """
    table = pd.DataFrame(
        {
            "licence": sources["licence"].fillna(NONE_STATED),
            "sources_count": 1,
            "lineage_rows_count": sources["source_id"].map(lineage["source_id"].value_counts()),
        }
    )
    counted = table.groupby("licence").sum().astype(int).reset_index()
    counted = counted.sort_values(["sources_count", "licence"], ascending=[False, True])
    return str(counted.to_csv(index=False, lineterminator="\n")).encode()


def changelog(version: Stored, before: Stored) -> bytes:
    """Return what `diff` writes of the two."""
    comparison = changes.compare(sides.published(before), sides.published(version))
    changed = text.text(changes.records(comparison))
    title = f"# {version.id}, since {before.version.id}"
    return f"{title}\n\n```\n{changed.rstrip()}\n```\n".encode()
