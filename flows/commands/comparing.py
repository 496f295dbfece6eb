"""What a checkout adds to the command `diff`: facts that are computed now."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from audience_impact.cli import comparing
from audience_impact.cli.folders import fail
from flows.commands.folders import fact_folders

if TYPE_CHECKING:
    from audience_impact.comparing.sides import Side
    from audience_impact.store.versions import Stored


def add_to(_: typer.Typer) -> None:
    """Let the command compare facts."""
    comparing.COMPUTE[:] = [computed]


def computed(folders: list[Path], day: date | None, version: "Stored") -> "Side":
    """Return what facts give, computed now as `run` would, with the settings of a version.

    Facts are those known on `day`, where there is one. Exits with 1 where they cannot be used.
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
        reading = steps.known_by(steps.read(paths), day)
        checked = steps.gate(steps.check(reading, datetime.now(UTC).date()), strict=False)
        as_of = steps.day_of(checked, day)
    except (steps.RefusedError, ValidationOffError) as error:
        raise fail(str(error)) from error
    stages, _ = pipeline.prepared(checked.tables, as_of, is_repaired)
    tables = pipeline.Outputs(checked.tables, stages, pipeline.Settings(seed, sensitivity=False))
    refused = {row.place for row in checked.findings if row.severity is FindingSeverity.ERROR}
    known = {steps.AS_KNOWN} if day else set()
    return sides.Side(
        ", ".join(map(str, paths)),
        False,
        sides.settings(as_of, seed, steps.method(), options - {steps.AS_KNOWN} | known),
        answers.together(tables["impact"], tables["impact_by_area"]),
        tables["lineage"],
        sides.countries_of(tables["restrictions"]),
        checked.files,
        fact_models.keys(),
        len(refused),
    )
