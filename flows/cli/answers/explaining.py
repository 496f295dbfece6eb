"""The command `explain`: one answer taken apart, down to the lines of the fact tables."""

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.vocabulary import ImpactMetric
from flows.cli.places import PUBLISHED, fact_folders, fail, local

if TYPE_CHECKING:
    from flows.publishing.versions import Stored


class Form(StrEnum):
    """Forms in which an explanation is told."""

    TEXT = "text"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add the command to the others."""
    app.command()(explain)


def explain(
    restriction: Annotated[str, typer.Argument(help="Id, such as RU-2025-08-13-calls.")],
    metric: Annotated[
        ImpactMetric | None,
        typer.Option(
            metavar="METRIC",
            help=f"What is counted: {', '.join(ImpactMetric)}. Default: users of the feature where "
            "one is restricted, else people exposed.",
        ),
    ] = None,
    facts: Annotated[
        list[Path] | None,
        typer.Option(
            "--facts",
            metavar="DIR",
            callback=local,
            help="Folder of fact tables; several are layered. Default: data/facts of the checkout.",
        ),
    ] = None,
    published: Annotated[
        Path | None,
        typer.Option(
            "--published",
            metavar="DIR",
            callback=local,
            help="Where the versions lie with whose latest the answer is compared. Default: "
            "data/published, where one lies there.",
        ),
    ] = None,
    style: Annotated[Form, typer.Option("--format", help="Form of the explanation.")] = Form.TEXT,
) -> None:
    """Take one answer apart: each step, the facts used, and those passed over with the reason."""
    folders = fact_folders(facts)
    version = _version(published)
    from flows.explaining import recomputed, steps, told
    from flows.pipeline.steps import RefusedError
    from flows.publishing import PublishError
    from schemas.contracts import ValidationOffError

    try:
        facts_read = recomputed.checked(folders, datetime.now(UTC).date())
        found = recomputed.recomputed(facts_read, restriction, version)
        chosen = metric or steps.fitting(found)
        every = steps.explained(found, chosen)
    except (
        recomputed.UnknownRestrictionError,
        RefusedError,
        PublishError,
        ValidationOffError,
    ) as error:
        raise fail(str(error)) from error
    if style is Form.TEXT:
        sys.stdout.write(told.as_text(every))
        return
    whole = {
        "restriction_id": restriction,
        "impact_metric": str(chosen),
        "as_of": found.basis.as_of.isoformat(),
        "seed": found.basis.seed,
        "compared_with": version.id if version else None,
        "steps": told.as_json(every),
    }
    sys.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")


def _version(published: Path | None) -> "Stored | None":
    """The latest version to compare with; none where none was named and none lies there."""
    from flows.publishing import PublishError, versions

    try:
        return versions.latest(published or PUBLISHED)
    except PublishError as error:
        if published is None:
            return None
        raise fail(str(error)) from error
