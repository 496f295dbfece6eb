"""Shares against the others of their table, and the patterns of a survey against its respondents.

Method. The log odds of a share lie around the median of the others of its kind: in the facts at
most 1.4 from it where features are used, 2.7 where platforms are used together. Patterns of joint
use are a partition: their shares add up to one and their respondents to those of the survey, which
holds exactly in all surveys of the facts (rounding leaves a millionth). A pattern's weighted share
and its part of the respondents differ by the weights alone: from 30 respondents on by a factor 2.3
at most.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.anomaly_checks import levels
from audience_impact.facts.anomaly_checks.messages import format_distance, report_rows
from audience_impact.facts.rules import ACROSS
from audience_impact.facts.tables import Finding, Tables
from audience_impact.vocabulary import FindingSeverity, Unit

KINDS = {
    "feature_use": ("share", [], 2.2),
    "circumvention": ("share", [], 2.2),
    "overlaps": ("value", ["kind"], 3.0),
}
"""The column of the share, what parts its kinds, and the limit in log odds from their middle."""
LEAST_SHARES = 3
ROUNDING = 1e-4
WEIGHTS_FACTOR = 3.5
LEAST_RESPONDENTS = 30


@ACROSS.rule(
    FindingSeverity.WARNING,
    "a share is far from all others of its kind",
    "compare the share with its page; 37 % is 0.37",
    *KINDS,
)
def share_unlike_others(tables: Tables) -> list[Finding]:
    """Compare shares of feature users, of circumventors and of joint use with their kind."""
    findings = []
    for table, (column, kind, limit) in KINDS.items():
        frame = tables[table]
        rows = frame[frame[column] > 0]
        if "unit" in rows:
            rows = rows[rows["unit"] == Unit.SHARE.value]
        ones = pd.Series(1.0, rows.index)
        rows = rows.assign(level=levels.compute_level(rows[column], ones), all_="")
        groups = rows.groupby([*kind, "all_"])["level"]
        rows = rows.assign(
            apart=rows["level"] - groups.transform("median"), size=groups.transform("size")
        )
        odd = (rows["apart"].abs() > limit) & (rows["size"] >= LEAST_SHARES)
        findings += report_rows(
            table,
            frame,
            "share_unlike_others",
            rows[odd],
            column,
            lambda row: f"lies {format_distance(row.apart)} the middle of all shares of its kind",
        )
    return findings


@ACROSS.rule(
    FindingSeverity.WARNING,
    "the patterns of a survey do not add up to all its respondents",
    "compare the patterns, and the respondents of the survey, with its data",
    "surveys",
)
def patterns_incomplete(tables: Tables) -> list[Finding]:
    """Compare the sums of patterns with one, and with the respondents of the survey."""
    surveys = tables["surveys"]
    sums = tables["use_patterns"].groupby("survey_id")[["weighted_share", "respondents"]].sum()
    rows = surveys.assign(
        all_shares=surveys["survey_id"].map(sums["weighted_share"]).astype("float64"),
        counted=surveys["survey_id"].map(sums["respondents"]).astype("float64"),
    )
    odd = (rows["all_shares"] - 1.0).abs() > ROUNDING
    odd |= rows["counted"].notna() & (rows["counted"] != rows["respondents"])
    return report_rows(
        "surveys",
        surveys,
        "patterns_incomplete",
        rows[odd],
        "respondents",
        lambda row: (
            f"its patterns add up to a share of {row.all_shares:.6g} and to {row.counted:.0f} of "
            f"{row.respondents:.0f} respondents"
        ),
    )


@ACROSS.rule(
    FindingSeverity.WARNING,
    "a pattern's share and its part of the respondents differ by more than weights explain",
    "compare the share with the data of the survey",
    "use_patterns",
)
def pattern_unlike_respondents(tables: Tables) -> list[Finding]:
    """Compare the weighted share of a pattern with its part of the respondents."""
    patterns = tables["use_patterns"]
    all_ = patterns.groupby("survey_id")["respondents"].transform("sum")
    rows = patterns.assign(part=patterns["respondents"] / all_)
    ratio = np.log(rows["weighted_share"].where(rows["weighted_share"] > 0) / rows["part"])
    many = rows["respondents"] >= LEAST_RESPONDENTS
    return report_rows(
        "use_patterns",
        patterns,
        "pattern_unlike_respondents",
        rows[many & (ratio.abs() > np.log(WEIGHTS_FACTOR))],
        "weighted_share",
        lambda row: f"a share of {row.weighted_share:.3g}, and {row.part:.3g} of the respondents",
    )
