"""Ways to an answer that were closed, because they failed where the answer was known.

Definitions. A rung is what an estimate stands on where nobody counted: of an audience, of the
people online in a place, of who has one network alone. It is tried on restrictions whose answer
stands on something better: they are answered again without it.

Method. The fact table `answer_rungs` holds the trials; `python -m benchmarks.answers` makes them
and writes it. Answers that stand on the same figures are one unit. Where the 90 % interval of a
rung held less than LEAST_INSIDE_SHARE, on average over FEWEST units or more, it is closed: what
stands on it has bounds and the reason, and no estimate.

Assumptions. Answers on the better rung are right, and those that have one are like those that have
none.

Known drawbacks. A rung that was tried on fewer units stays open, and nobody knows whether it
should.

Citation. Rules of this project, docs/method.md.
"""

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.vocabulary import RungFamily, YesNo

LEAST_INSIDE_SHARE = 0.8
FEWEST = 10
TABLE = "answer_rungs"
CLOSED = "where the answer was known, estimates from as little as this failed"
"""What is said of an estimate that is not made for that reason."""


def closed(tables: Tables, family: RungFamily) -> list[str]:
    """The closed rungs of a family, as the fact table `answer_rungs` (typed) has them."""
    tried = tables[TABLE]
    own = (tried["rung_family"] == family.value) & (tried["is_open"] == YesNo.NO.value)
    return sorted(tried.loc[own, "rung"])


def judged(trials: pd.DataFrame) -> pd.DataFrame:
    """Column `is_open` of trials (`units`, `inside_share`)."""
    fails = (trials["units"] >= FEWEST) & (trials["inside_share"] < LEAST_INSIDE_SHARE)
    return trials.assign(is_open=fails.map({True: YesNo.NO.value, False: YesNo.YES.value}))
