"""Ways to an answer that were closed, because they failed where the answer was known.

Definitions. A rung is what an estimate stands on where nobody counted: of an audience, of the
people online in a place, of who has one network alone. It is tried on restrictions whose answer
stands on something better: they are answered again without it.

Method. The fact table `answer_rungs` holds the trials; `python -m benchmarks.answers` makes them
and writes it. Answers that stand on the same figures are one unit. A rung is closed where its 90 %
intervals held so few of the units that, if they did hold COVERAGE of all, that few or fewer would
come about with a chance below CHANCE (the binomial law, one-sided; for a share of a unit its
continuous form, the incomplete beta function). What stands on a closed rung has bounds and the
reason, and no estimate.

Assumptions. Answers on the better rung are right, and those that have one are like those that have
none.

Known drawbacks. Few units close a rung only where it failed on most of them: of three none may
have been held, of seven no more than four.

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


def closed(tables: Tables, family: RungFamily) -> list[str]:
    """The closed rungs of a family, as the fact table `answer_rungs` (typed) has them."""
    tried = tables[TABLE]
    own = (tried["rung_family"] == family.value) & (tried["is_open"] == YesNo.NO.value)
    return sorted(tried.loc[own, "rung"])


def judged(trials: pd.DataFrame) -> pd.DataFrame:
    """Column `is_open` of trials (`units`, `inside_share`)."""
    fails = chance(trials["units"], trials["inside_share"]) < CHANCE
    return trials.assign(is_open=pd.Series(fails, trials.index).map({True: NO, False: YES}))


def chance(units: "pd.Series[float]", inside_share: "pd.Series[float]") -> Array:
    """Chance (rungs,) of so few units inside, or fewer, if intervals hold COVERAGE of all."""
    from scipy.special import betainc  # who only reads what is closed does without

    count = units.to_numpy("float64")
    held = count * inside_share.to_numpy("float64")
    missed = np.maximum(count - held, 1e-9)
    return np.asarray(betainc(missed, held + 1.0, 1.0 - COVERAGE))
