"""The command `explain`: the steps of an answer, down to the lines of the fact tables."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import PUBLISHED, OutputFormat, fail_with
from audience_impact.vocabulary import ImpactMetric
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from audience_impact.store.versions import Stored
    from flows.explaining.recomputed import RecomputedAnswer

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
        help="Folder of versions; the answer is compared with the latest. Default: "
        "data/published, if it has a version.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("explain")(explain_answer)


def explain_answer(
    restriction: Restriction,
    metric: Metric = None,
    facts: Facts = None,
    published: Published = None,
    style: Annotated[
        OutputFormat, typer.Option("--format", help="Form of the explanation.")
    ] = OutputFormat.TEXT,
) -> None:
    """Explain an answer: each step, the facts used, and the excluded facts with the reason."""
    folders = fact_folders(facts)
    version = _find_version(published)
    from audience_impact.store import PublishError
    from flows.explaining import recomputed
    from flows.pipeline.steps import RefusedError
    from schemas.contracts import ValidationOffError

    try:
        facts_read = recomputed.check_facts(folders, datetime.now(UTC).date())
        answer = recomputed.recompute_answer(facts_read, restriction, version)
        text = _format_answer(answer, metric, style)
    except (
        recomputed.UnknownRestrictionError,
        RefusedError,
        PublishError,
        ValidationOffError,
    ) as error:
        raise fail_with(str(error)) from error
    sys.stdout.write(text)


def _format_answer(
    answer: "RecomputedAnswer", metric: ImpactMetric | None, style: OutputFormat
) -> str:
    from flows.explaining import elements, steps

    chosen = metric or steps.choose_metric(answer)
    answer_steps = steps.build_steps(answer, chosen)
    if style is OutputFormat.TEXT:
        return elements.as_text(answer_steps)
    content = {
        "restriction_id": answer.restriction_id,
        "impact_metric": str(chosen),
        "as_of": answer.basis.as_of.isoformat(),
        "seed": answer.basis.seed,
        "compared_with": answer.published[0].id if answer.published else None,
        "steps": elements.as_json(answer_steps),
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _find_version(published: Path | None) -> "Stored | None":
    """Return the latest version to compare with; None where the default folder has none."""
    from audience_impact.store import PublishError, versions

    try:
        return versions.find_latest(published or PUBLISHED)
    except PublishError as error:
        if published is None:
            return None
        raise fail_with(str(error)) from error
