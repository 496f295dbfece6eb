"""Evidence levels that are closed, because they failed where the answer was known.

Definitions. An evidence level (`rung`) is the basis of an estimate without a count: of an audience,
of the people online in a place, of who has one network alone. It is tried on restrictions whose
answer stands on something better: they are answered again without it.

Method. The fact table `answer_rungs` holds the trials; `python -m benchmarks.answers` makes them
and writes it. Answers that stand on the same figures are one unit. A level is closed where its 90 %
intervals contained so few of the units that, if they did contain COVERAGE of all, that few or fewer
would come about with a chance below CHANCE (the binomial distribution, one-sided; for a share of a
unit its continuous form, the incomplete beta function). A restriction that depends on a
closed level has bounds and the reason, and no estimate.

Assumptions. Answers on the better level are right, and those that have one are like those that have
none.

Known drawbacks. Few units close a level only where it failed on most of them: of three none may
be inside, of seven no more than four.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.vocabulary import PartGap, RungFamily, YesNo

COVERAGE = 0.90
CHANCE = 0.05
YES, NO = YesNo.YES.value, YesNo.NO.value
TABLE = "answer_rungs"
CLOSED = PartGap.RUNG_CLOSED.meaning
"""What is said of an estimate that is not made for that reason."""


def list_closed(tables: Tables, family: RungFamily) -> list[str]:
    """Return the closed evidence levels of a family in the fact table `answer_rungs` (typed)."""
    tried = tables[TABLE]
    is_closed = (tried["rung_family"] == family.value) & (tried["is_open"] == YesNo.NO.value)
    return sorted(tried.loc[is_closed, "rung"])


def judge_levels(trials: pd.DataFrame) -> pd.DataFrame:
    """Add `is_open` to trials with `units` and `inside_share`."""
    fails = compute_chance(trials["units"], trials["inside_share"]) < CHANCE
    return trials.assign(is_open=pd.Series(fails, trials.index).map({True: NO, False: YES}))


def compute_chance(units: "pd.Series[float]", inside_share: "pd.Series[float]") -> Array:
    """Return the chance (levels,) of so few units inside, or fewer, at coverage COVERAGE."""
    from scipy.special import betainc  # who only reads what is closed does without

    count = units.to_numpy("float64")
    inside = count * inside_share.to_numpy("float64")
    missed = np.maximum(count - inside, 1e-9)
    return np.asarray(betainc(missed, inside + 1.0, 1.0 - COVERAGE))
