"""The commands `release` and `rollback`, and what `diff` and `explain` compute from facts.

`release` writes a version as an archive that can be cited by its digest; `rollback` lets `latest`
lead to an earlier version.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.api.loading import RELEASED
from audience_impact.cli.exporting import Overwrite
from audience_impact.cli.folders import (
    PUBLISHED,
    WrittenFolder,
    fail_with,
    format_path,
    local_option,
    open_version,
)
from flows.commands.folders import (
    SHIPPED,
    ProfileFile,
    PublishedOrProfile,
    fact_folders,
    read_environment,
)

if TYPE_CHECKING:
    from audience_impact.comparing.compared_versions import ComparedVersion
    from audience_impact.explaining.facts import Trace
    from audience_impact.store.versions import Stored


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("release")(release_version)
    app.command("rollback")(roll_back)


def compute_trace(folders: list[Path], restriction_id: str, published: Path) -> "Trace":
    """Return the trace of a restriction computed from facts, compared with the latest version.

    Raise ReadableError if the facts cannot be used or do not have the restriction.
    """
    paths, version = fact_folders(folders), _find_version(published)
    from flows import explaining

    checked = explaining.check_facts(paths, datetime.now(UTC).date())
    return explaining.recompute_trace(checked, restriction_id, version)


def _find_version(published: Path) -> "Stored | None":
    """Return the latest version for the comparison; None if the default folder has none."""
    from audience_impact.store import PublishError, versions

    try:
        return versions.find_latest(published)
    except PublishError:
        if published == PUBLISHED:
            return None
        raise


def compute_side(folders: list[Path], day: date | None, version: "Stored") -> "ComparedVersion":
    """Return the answers of facts, computed as by `run` with the settings of a version.

    With a `day`, only facts known on it count. Exit with 1 where the facts cannot be used.
    """
    from audience_impact import pipeline
    from audience_impact.comparing import compared_versions
    from audience_impact.vocabulary import FindingSeverity
    from flows.pipeline import steps as run_steps
    from schemas import facts as fact_models

    paths = fact_folders(folders)
    _, options = version.version.method
    seed = version.version.seed
    reading = run_steps.restrict_to_day(run_steps.read_facts(paths), day)
    checked = run_steps.refuse_errors(
        run_steps.validate_facts(reading, datetime.now(UTC).date()), strict=False
    )
    as_of = run_steps.choose_day(checked, day)
    stages, _ = pipeline.prepare_run(checked.tables, as_of)
    tables = pipeline.Outputs(stages, pipeline.Settings(seed))
    refused = {row.place for row in checked.findings if row.severity is FindingSeverity.ERROR}
    day_options = {run_steps.AS_KNOWN} if day else set()
    return compared_versions.ComparedVersion(
        ", ".join(map(str, paths)),
        False,
        compared_versions.describe_settings(
            as_of, seed, run_steps.name_method(), options - {run_steps.AS_KNOWN} | day_options
        ),
        compared_versions.combine_answers(tables["impact"], tables["impact_by_area"]),
        checked.files,
        fact_models.list_keys(),
        {name: tables[name] for name in ("lineage", "restrictions")}.__getitem__,
        refused_count=len(refused),
    )


Folder = Annotated[
    Path,
    local_option("--into", "DIR", "The folder to write into."),
]
Previous = Annotated[
    str | None,
    typer.Option(
        "--previous",
        metavar="VERSION",
        help="Report the changes since this version: its id or the beginning of it, previous, or "
        "the folder of an unpacked release.",
    ),
]


Ship = Annotated[
    bool,
    typer.Option(
        "--ship",
        help="Also write the archive into the package, so that its wheel brings it.",
    ),
]


def release_version(
    into: Folder,
    published: WrittenFolder = PUBLISHED,
    previous: Previous = None,
    overwrite: Overwrite = False,
    ship: Ship = False,
) -> None:
    """Write the latest version as an archive to be pinned by its digest.

    The archive also contains the manifest, checksums, a citation, the licences of the sources, and
    the changes since the release before. The same versions give the same bytes.
    """
    version = open_version(published)
    from audience_impact.store import versions
    from audience_impact.store.files import explain_error
    from flows import releasing

    try:
        before = versions.find_version(published, previous) if previous else None
        into.mkdir(parents=True, exist_ok=True)
        made, digest = releasing.write_release(version, before, into, overwrite)
        if ship:
            shipped = releasing.ship_release(version, made, SHIPPED, RELEASED.parent)
            typer.echo(f"wrote {format_path(shipped)}")
    except OSError as error:
        raise fail_with(f"cannot write into {into}: {explain_error(error)}") from error
    typer.echo(f"wrote version {version.id}\n{format_path(made)}\nsha256 {digest}")


RolledBack = Annotated[
    str,
    typer.Argument(
        metavar="VERSION",
        help="Version that `latest` leads to: its number (v42), its id or the beginning of the id, "
        "or previous.",
        show_default=False,
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="The reason, for the history.")
]


def roll_back(
    version: RolledBack,
    published: PublishedOrProfile = None,
    reason: Reason = "",
    profile: ProfileFile = None,
) -> None:
    """Let `latest` lead to an earlier version until the next run publishes.

    The history records the rollback with the reason.
    """
    settings = read_environment(profile)
    from flows.serving.profile import in_checkout

    place = published or in_checkout(settings.published)
    from audience_impact.plain_text import plain_line
    from audience_impact.store import publishing

    chosen = publishing.roll_back(place, version, reason, datetime.now(UTC))
    typer.echo(plain_line(f"latest leads to version {chosen.name} until the next run"))
    typer.echo(format_path(place / "latest"))
