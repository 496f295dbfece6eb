"""The command `explain` of a checkout: that of the wheel, and `--facts`, which computes again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.explaining import Format, Metric, explain_published, write_explanation
from audience_impact.cli.folders import PUBLISHED, OutputFormat, PublishedFolder, fail_with
from audience_impact.cli.showing import Restriction
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from audience_impact.store.versions import Stored

Facts = Annotated[
    list[Path] | None,
    typer.Option(
        "--facts",
        metavar="DIR",
        help="Compute the answer from a folder of fact tables, several are layered, and compare "
        "it with the latest version, if there is one. Default: show what is published.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the app, in place of that of the wheel."""
    app.command("explain")(explain_answer)


def explain_answer(
    restriction: Restriction,
    metric: Metric = None,
    facts: Facts = None,
    published: PublishedFolder = PUBLISHED,
    style: Format = OutputFormat.TEXT,
) -> None:
    """Explain an answer: each step, the facts used, and the excluded facts with the reason."""
    if facts is None:
        explain_published(restriction, metric, published, style)
        return
    folders, version = fact_folders(facts), _find_version(published)
    from audience_impact.store import PublishError
    from flows.explaining import recomputed
    from flows.pipeline.steps import RefusedError
    from schemas.contracts import ValidationOffError

    try:
        checked = recomputed.check_facts(folders, datetime.now(UTC).date())
        trace = recomputed.recompute_trace(checked, " ".join(restriction), version)
    except (
        recomputed.UnknownRestrictionError,
        RefusedError,
        PublishError,
        ValidationOffError,
    ) as error:
        raise fail_with(str(error)) from error
    write_explanation(trace, metric, style)


def _find_version(published: Path) -> "Stored | None":
    """Return the latest version to compare with; None where the default folder has none."""
    from audience_impact.store import PublishError, versions

    try:
        return versions.find_latest(published)
    except PublishError as error:
        if published == PUBLISHED:
            return None
        raise fail_with(str(error)) from error
