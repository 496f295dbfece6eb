"""The command `explain`: one answer taken apart, down to the lines of the fact tables."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import PUBLISHED, Told, fail
from audience_impact.vocabulary import ImpactMetric
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from audience_impact.store.versions import Stored
    from flows.explaining.recomputed import Recomputed

Restriction = Annotated[str, typer.Argument(help="Id, such as RU-2025-08-13-calls.")]
Metric = Annotated[
    ImpactMetric | None,
    typer.Option(
        metavar="METRIC",
        help=f"What is counted: {', '.join(ImpactMetric)}. Default: users of the feature where "
        "one is restricted, else people exposed.",
    ),
]
Facts = Annotated[
    list[Path] | None,
    typer.Option(
        "--facts",
        metavar="DIR",
        help="Folder of fact tables; several are layered. Default: data/facts of the checkout.",
    ),
]
Published = Annotated[
    Path | None,
    typer.Option(
        "--published",
        metavar="DIR",
        help="Where the versions lie with whose latest the answer is compared. Default: "
        "data/published, where one lies there.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the others."""
    app.command()(explain)


def explain(
    restriction: Restriction,
    metric: Metric = None,
    facts: Facts = None,
    published: Published = None,
    style: Annotated[Told, typer.Option("--format", help="Form of the explanation.")] = Told.TEXT,
) -> None:
    """Take one answer apart: each step, the facts used, and those passed over with the reason."""
    folders = fact_folders(facts)
    version = _version(published)
    from audience_impact.store import PublishError
    from flows.explaining import recomputed
    from flows.pipeline.steps import RefusedError
    from schemas.contracts import ValidationOffError

    try:
        facts_read = recomputed.checked(folders, datetime.now(UTC).date())
        found = recomputed.recomputed(facts_read, restriction, version)
        text = _told(found, metric, style)
    except (
        recomputed.UnknownRestrictionError,
        RefusedError,
        PublishError,
        ValidationOffError,
    ) as error:
        raise fail(str(error)) from error
    sys.stdout.write(text)


def _told(found: "Recomputed", metric: ImpactMetric | None, style: Told) -> str:
    """The steps of the answer in the form that was asked for."""
    from flows.explaining import steps, told

    chosen = metric or steps.fitting(found)
    every = steps.explained(found, chosen)
    if style is Told.TEXT:
        return told.as_text(every)
    whole = {
        "restriction_id": found.restriction_id,
        "impact_metric": str(chosen),
        "as_of": found.basis.as_of.isoformat(),
        "seed": found.basis.seed,
        "compared_with": found.published[0].id if found.published else None,
        "steps": told.as_json(every),
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _version(published: Path | None) -> "Stored | None":
    """The latest version to compare with; none where none was named and none lies there."""
    from audience_impact.store import PublishError, versions

    try:
        return versions.latest(published or PUBLISHED)
    except PublishError as error:
        if published is None:
            return None
        raise fail(str(error)) from error
