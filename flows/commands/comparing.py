"""What a checkout adds to the command `diff`: facts that are computed now."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from audience_impact.cli import comparing
from audience_impact.cli.folders import fail_with
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from audience_impact.comparing.sides import ComparedVersion
    from audience_impact.store.versions import Stored


def add_to(_: typer.Typer) -> None:
    """Let the command compare facts."""
    comparing.COMPUTE[:] = [compute_side]


def compute_side(folders: list[Path], day: date | None, version: "Stored") -> "ComparedVersion":
    """Return the answers of facts, computed as by `run` with the settings of a version.

    With a `day`, only facts known on it count. Exit with 1 where the facts cannot be used.
    """
    from audience_impact import pipeline
    from audience_impact.comparing import answers, sides
    from audience_impact.vocabulary import FindingSeverity
    from flows.pipeline import steps
    from schemas import facts as fact_models
    from schemas.contracts import ValidationOffError

    paths = fact_folders(folders)
    _, options = version.version.method
    seed, is_repaired = version.version.seed, steps.REPAIR in options
    try:
        reading = steps.restrict_to_day(steps.read_facts(paths), day)
        checked = steps.refuse_errors(
            steps.validate_facts(reading, datetime.now(UTC).date()), strict=False
        )
        as_of = steps.choose_day(checked, day)
    except (steps.RefusedError, ValidationOffError) as error:
        raise fail_with(str(error)) from error
    stages, _ = pipeline.prepare_run(checked.tables, as_of, is_repaired)
    tables = pipeline.Outputs(checked.tables, stages, pipeline.Settings(seed, sensitivity=False))
    refused = {row.place for row in checked.findings if row.severity is FindingSeverity.ERROR}
    day_options = {steps.AS_KNOWN} if day else set()
    return sides.ComparedVersion(
        ", ".join(map(str, paths)),
        False,
        sides.describe_settings(
            as_of, seed, steps.name_method(), options - {steps.AS_KNOWN} | day_options
        ),
        answers.combine_answers(tables["impact"], tables["impact_by_area"]),
        tables["lineage"],
        sides.list_countries(tables["restrictions"]),
        checked.files,
        fact_models.list_keys(),
        len(refused),
    )
