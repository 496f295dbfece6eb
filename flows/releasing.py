"""A version as a release: one archive with a description, which can be cited by its digest.

    audience-impact-<version>/
        datapackage.json, *.parquet, facts.zip    the version, byte for byte
        CITATION.cff                              how to cite it
        croissant.json                            its tables and columns, in the format Croissant
        .zenodo.json                              its description for a deposit on Zenodo
        LICENCES.csv                              which licences its sources have, with counts
        CHANGELOG.md                              what changed since the release before, if given
        SHA256SUMS                                `sha256sum --check SHA256SUMS`

The bytes depend only on the two versions.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from audience_impact.answers.citation import AUTHOR, KEYWORDS, cite_version, describe_dataset
from audience_impact.comparing import changes, text
from audience_impact.exporting.export import put_file
from audience_impact.plain_text import cell_text
from audience_impact.store import MANIFEST, PublishError, manifest
from audience_impact.store.files import as_json, hash_bytes, write_whole
from audience_impact.store.versions import Stored

LICENCES = "LICENCES.csv"
CROISSANT_TYPES = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
}
"""Type of a column in Croissant by its type in the manifest; every other one is text."""
CROISSANT_CONTEXT = json.loads(Path(__file__).with_name("croissant.json").read_text("utf-8"))
"""JSON-LD context of Croissant 1.0, which its validator compares."""


def write_release(
    version: Stored, before: Stored | None, into: Path, overwrite: bool
) -> tuple[Path, str]:
    """Write the archive of a version, and its digest beside it; return both."""
    name = f"audience-impact-{version.id}"
    contents = collect_contents(version, before)
    packed = manifest.pack_files({f"{name}/{path}": contents[path] for path in contents})
    place, digest = into / f"{name}.zip", hash_bytes(packed)
    put_file(place, packed, overwrite)
    put_file(into / f"{name}.zip.sha256", f"{digest}  {name}.zip\n".encode(), overwrite)
    return place, digest


def ship_release(version: Stored, archive: Path, layers: Sequence[Path], into: Path) -> Path:
    """Write an archive and its licences into the package; raise PublishError for other facts."""
    committed = {
        f"{number}/{path.name}": path.read_bytes()
        for number, layer in enumerate(layers)
        for path in sorted(layer.glob("*.csv"))
    }
    if version.fact_files() != committed:
        raise PublishError(
            f"version {version.id} has other facts than {', '.join(map(str, layers))}: what a "
            "wheel brings must be of its own facts; publish a version of them (make run) and "
            "release it"
        )
    contents = collect_contents(version, None)
    write_whole(into / LICENCES, contents[LICENCES])
    shipped = into / "version.zip"
    write_whole(shipped, archive.read_bytes())
    return shipped


def collect_contents(version: Stored, before: Stored | None) -> dict[str, bytes]:
    """Return the files of a release by name; raise PublishError where a version is damaged."""
    files = {MANIFEST: version.manifest_bytes}
    files |= {path: version.read_content(path) for path in version.files}
    for name in version.tables:
        version.read_arrow(name)  # raises where a table is not what the manifest says of it
    version.fact_files()
    files["CITATION.cff"] = format_citation(version)
    files["croissant.json"] = format_croissant(version)
    files[".zenodo.json"] = format_zenodo(version)
    files[LICENCES] = count_licences(version.read_table("sources"), version.read_table("lineage"))
    if before is not None:
        files["CHANGELOG.md"] = format_changelog(version, before)
    lines = [f"{hash_bytes(files[name])}  {name}\n" for name in sorted(files)]
    files["SHA256SUMS"] = "".join(lines).encode()  # as `sha256sum` writes and checks them
    return files


def format_citation(version: Stored) -> bytes:
    """Return the citation of the data in the Citation File Format."""
    manifest = version.manifest
    fields = {
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
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=100).encode()


def format_croissant(version: Stored) -> bytes:
    """Return the tables and columns in the format Croissant 1.0 (mlcommons.org/croissant/1.0)."""
    manifest = version.manifest
    tables = [resource for resource in manifest["resources"] if "schema" in resource]
    described = {
        "@context": CROISSANT_CONTEXT,
        **describe_dataset(manifest),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "citeAs": cite_version(manifest),
        "distribution": [_describe_file(table) for table in tables],
        "recordSet": [_describe_records(table) for table in tables],
    }
    day = version.version.as_of
    # Croissant requires three numbers; the id of the version stands in `citeAs`.
    return as_json({**described, "version": f"{day.year}.{day.month}.{day.day}"})


def _describe_file(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": table["path"],
        "name": table["path"],
        "description": table["description"],
        "contentUrl": table["path"],
        "contentSize": f"{table['size_bytes']} B",
        "encodingFormat": "application/x-parquet",
        "sha256": table["hash"].removeprefix("sha256:"),
    }


def _describe_records(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table["name"],
        "name": table["name"],
        "description": table["description"],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table['name']}/{column['name']}",
                "name": column["name"],
                "description": column["description"],
                "dataType": CROISSANT_TYPES.get(column["type"], "sc:Text"),
                "source": {
                    "fileObject": {"@id": table["path"]},
                    "extract": {"column": column["name"]},
                },
            }
            for column in table["schema"]["fields"]
        ],
    }


def format_zenodo(version: Stored) -> bytes:
    """Return the metadata of a deposit on Zenodo (developers.zenodo.org, deposit metadata)."""
    manifest = version.manifest
    return as_json(
        {
            "title": manifest["title"],
            "upload_type": "dataset",
            "description": manifest["description"],
            "version": version.id,
            "publication_date": f"{version.version.as_of}",
            "license": manifest["licenses"][0]["name"],
            "access_right": "open",
            "creators": [{"name": AUTHOR}],
            "keywords": KEYWORDS,
        }
    )


def count_licences(sources: pd.DataFrame, lineage: pd.DataFrame) -> bytes:
    """Return a CSV of the licences of sources, with counts of sources and of lineage rows."""
    table = pd.DataFrame(
        {
            "licence": sources["licence"].fillna("none stated").map(cell_text),
            "sources_count": 1,
            "lineage_rows_count": sources["source_id"].map(lineage["source_id"].value_counts()),
        }
    )
    counted = table.groupby("licence").sum().astype(int).reset_index()
    counted = counted.sort_values(["sources_count", "licence"], ascending=[False, True])
    return str(counted.to_csv(index=False, lineterminator="\n")).encode()


def format_changelog(version: Stored, before: Stored) -> bytes:
    """Return the output of `diff` for the two versions as Markdown."""
    comparison = changes.Comparison(changes.read_published(before), changes.read_published(version))
    changed = text.format_comparison(changes.as_records(comparison))
    title = f"# {version.id}, since {before.version.id}"
    return f"{title}\n\n```\n{changed.rstrip()}\n```\n".encode()
