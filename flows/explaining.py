"""The trace of one restriction computed from the facts, with what a run would publish of it.

Facts are read and checked as in `run`. Only the audiences of this restriction are computed, which
changes none of its numbers.
"""

import difflib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

from audience_impact import pipeline
from audience_impact.comparing.compared_versions import IMPACT_KEY, compare_answers, key_answers
from audience_impact.explaining.facts import TABLES, FactRows, Trace, make_trace
from audience_impact.pipeline import Outputs, Selection, Settings
from audience_impact.plain_text import ReadableError
from audience_impact.store.versions import Stored, make_frame
from audience_impact.vocabulary import AnswerChange
from flows.pipeline import quality, steps
from schemas.arrow import to_arrow


def check_facts(folders: Sequence[Path], today: date) -> steps.Checked:
    """Return the facts, read and checked as in a run; invalid rows are left out.

    Raises RefusedError where a fact table cannot be used.
    """
    return steps.refuse_errors(steps.validate_facts(steps.read_facts(folders), today), strict=False)


def recompute_trace(
    checked: steps.Checked, restriction_id: str, version: Stored | None = None
) -> Trace:
    """Return the recomputed trace of a restriction, compared with a published version.

    The seed is that of the version, and so is the day if its facts are the same.

    Raises ReadableError where it is not among the facts, where no valid source remains, or where
    the published version is damaged.
    """
    restriction_ids = checked.tables["restrictions"]["restriction_id"]
    if not restriction_ids.eq(restriction_id).any():
        raise ReadableError(_format_unknown(restriction_id, list(restriction_ids)))
    if checked.tables["sources"].empty:
        raise steps.RefusedError(["no valid source dates the facts: run audience-impact check"])
    as_of, settings = _choose_options(checked, version)
    alone = Selection(frozenset({restriction_id}), frozenset())
    stages, _ = pipeline.prepare_run(checked.tables, as_of, alone)
    outputs = Outputs(stages, settings)
    frames = {name: _select_restriction(outputs[name], restriction_id) for name in TABLES}
    refused = quality.list_refused(checked.findings)
    frames["impact"] = quality.add_losses(frames["impact"], refused, checked.tables)
    made = {name: to_arrow(name, frame) for name, frame in frames.items()}
    origin = "Computed from the facts for this restriction alone. " + (
        "It was compared with no published version."
        if version is None
        else _compare_published(version, checked, restriction_id, made["impact"])
    )
    return make_trace(made.__getitem__, restriction_id, FactRows(checked.files), origin)


def _select_restriction(frame: pd.DataFrame, restriction_id: str) -> pd.DataFrame:
    return frame[frame["restriction_id"] == restriction_id].reset_index(drop=True)


def _format_unknown(restriction_id: str, restriction_ids: Sequence[str]) -> str:
    near = difflib.get_close_matches(restriction_id, restriction_ids)
    hint = f"did you mean {' or '.join(near)}?" if near else "see audience-impact list"
    return f"{restriction_id} is not among the valid facts; {hint}"


def _choose_options(checked: steps.Checked, version: Stored | None) -> tuple[date, Settings]:
    newest = pipeline.find_newest_access(checked.tables)
    if version is None:
        return newest, Settings()
    record = version.version
    day = record.as_of if record.inputs_sha256 == checked.inputs_sha256 else newest
    return day, Settings(seed=record.seed)


def _compare_published(
    version: Stored, checked: steps.Checked, restriction_id: str, ours: pa.Table
) -> str:
    """Return a sentence that compares the published rows of `impact` with those computed here."""
    rows = _select_restriction(version.read_frame("impact"), restriction_id)
    if rows.empty:
        return f"Version {version.id} does not have this restriction, which was added later."
    same = version.version.inputs_sha256 == checked.inputs_sha256
    facts_are = "from the same facts" if same else "though the facts have changed since"
    sides = rows, make_frame(ours)
    both = compare_answers(*(key_answers(frame, IMPACT_KEY) for frame in sides))
    if both["change"].isin([AnswerChange.SAME, AnswerChange.STATUS_ALONE]).all():
        return f"Version {version.id} has the same numbers for every metric, {facts_are}."
    why = "the method has changed since" if same else "the facts have changed since"
    return f"Version {version.id} has other numbers: {why}."
