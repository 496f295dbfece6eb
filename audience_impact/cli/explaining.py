"""The command `explain`: the steps of a published answer, down to the lines of the fact tables."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    OnDay,
    OutputFormat,
    PublishedFolder,
    VersionName,
    exit_on,
    fail_with,
    load_tables,
    open_version,
    path_option,
)
from audience_impact.cli.showing import Restriction, find_single_id
from audience_impact.vocabulary import ImpactMetric

if TYPE_CHECKING:
    from audience_impact.explaining.facts import Trace
    from audience_impact.store.versions import Stored

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
    path_option(
        "--facts",
        "DIR",
        "Compute the answer from a folder of fact tables, several are layered, and compare "
        "it with the latest version, if there is one. Default: show what is published. Only in a "
        "checkout.",
    ),
]
Format = Annotated[OutputFormat, typer.Option("--format", help="Output format of the explanation.")]

Compute = Callable[[list[Path], str, Path], "Trace"]
COMPUTE: list[Compute] = []
"""The function, added by a checkout, that computes the trace of a restriction from facts."""


def add_to(app: typer.Typer) -> None:
    """Add the command `explain` to the app."""
    app.command("explain")(explain_answer)


def explain_answer(
    restriction: Restriction,
    metric: Metric = None,
    facts: Facts = None,
    published: PublishedFolder = PUBLISHED,
    version_name: VersionName = None,
    on: OnDay = None,
    style: Format = OutputFormat.TEXT,
) -> None:
    """Explain an answer: each step, the facts used, and the excluded facts with the reason."""
    words = " ".join(restriction)
    if facts and (version_name or on):
        raise fail_with("--facts computes an answer now; leave --version and --on out", 2)
    if not facts:
        trace = _read_published(words, open_version(published, version_name, on))
    elif COMPUTE:
        trace = COMPUTE[0](facts, words, published)
    else:
        raise fail_with("--facts needs a checkout of the repository, because it computes", 2)
    _write_explanation(trace, metric, style)


def _read_published(words: str, version: "Stored") -> "Trace":
    """Return the published trace of the restriction that words match; exit with 1 without one."""
    from audience_impact.explaining.facts import NoTraceError, read_trace
    from audience_impact.store import PublishError

    with exit_on(NoTraceError, PublishError):
        return read_trace(version, find_single_id(words, load_tables(version)))


def _write_explanation(trace: "Trace", metric: ImpactMetric | None, style: OutputFormat) -> None:
    """Write the steps of an answer to standard output."""
    from audience_impact.explaining import elements, steps

    chosen = metric or steps.choose_metric(trace)
    answer_steps = steps.build_steps(trace, chosen)
    if style is OutputFormat.TEXT:
        sys.stdout.write(elements.as_text(answer_steps))
        return
    content = {
        "restriction_id": trace.restriction_id,
        "impact_metric": str(chosen),
        "as_of": str(trace.impact_row(chosen)["as_of"]),
        "origin": trace.origin,
        "steps": elements.as_json(answer_steps),
    }
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
