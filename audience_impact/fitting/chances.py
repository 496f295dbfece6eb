"""The fact table `chances`: how often restrictions of a group happened, were complete, and so on.

Definitions. Those of fitted/chances.py. A reading (fact table `event_readings`) says yes or no to
some of the four questions for a row of a register: as a reader judged from the row and its
neighbours, without sight of any result; or, whether it was still on, by whether a later edition of
the register lists the event again. A row that a reader doubts did not happen.

Method. In each group the number of yes among the readings is beta-binomial. Its prior is half a yes
and half a no (Jeffreys), and a number of readings of all groups of the chance together: the number,
at most MOST_WEIGHT, that makes the counts of the groups most likely. So groups that agree share
their readings, groups that differ do not, and no chance is one.

Assumptions. Rows that were read are drawn at random from the register. Editions repeat what is
still on.

Known drawbacks. An event that was listed as ongoing in several editions counts in each of them.
Readers saw no events that the register lacks, and few rows are doubtful: the chances that a
restriction happened or is distinct rest on very few cases to the contrary.

Citation. Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, chapter 5.
"""

import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import betaln

from audience_impact.facts.tables import Tables
from audience_impact.fitting.tables import digest_frames
from audience_impact.vocabulary import Chance, ChanceGroup, ParameterBasis, YesNo

MOST_WEIGHT = 5.0
QUESTIONS = {
    Chance.HAPPENED: ("evidence_group", "is_real"),
    Chance.WHOLE: ("extent_group", "is_whole"),
    Chance.ONGOING: ("end_group", "is_on"),
    Chance.DISTINCT: ("neighbour_group", "is_distinct"),
}
"""The columns of `event_readings` with the group and the answer of each chance."""


def list_answers(readings: pd.DataFrame) -> pd.DataFrame:
    """Return an answer a row: `chance`, `chance_group`, `event_id` and `is_yes` (0 or 1)."""
    parts = []
    for chance, (group, answer) in QUESTIONS.items():
        rows = readings.loc[readings[answer] != "", ["event_id", group, answer]]
        rows = rows.rename(columns={group: "chance_group"}).assign(chance=chance.value)
        parts.append(rows.assign(is_yes=(rows.pop(answer) == YesNo.YES.value).astype("float64")))
    return pd.concat(parts, ignore_index=True)


def fit_groups(answers: pd.DataFrame) -> pd.DataFrame:
    """Return `share`, `weight` and the number of `figures` of each chance and group (index)."""
    counts = answers.groupby(["chance", "chance_group"])["is_yes"].agg(["sum", "size"])
    parts = [_fit_chance(part) for _, part in counts.groupby(level="chance", sort=False)]
    return pd.concat(parts)


def _fit_chance(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the fit of the groups of one chance from `sum`, the number of yes, and `size`."""
    yes, size = (counts[name].to_numpy("float64") for name in ("sum", "size"))
    mean = yes.sum() / size.sum()

    def minus_likelihood(weight: float) -> float:
        a, b = 0.5 + weight * mean, 0.5 + weight * (1.0 - mean)
        return -float((betaln(a + yes, b + size - yes) - betaln(a, b)).sum())

    shared = minimize_scalar(minus_likelihood, bounds=(0.0, MOST_WEIGHT), method="bounded").x
    weight = size + shared + 1.0
    share = (yes + shared * mean + 0.5) / weight
    numbers = {"share": share, "weight": weight, "figures": size.astype("int64")}
    return pd.DataFrame(numbers, counts.index)


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `chances` from typed facts."""
    readings = tables["event_readings"]
    columns = ["register_row", "event_id", *(name for pair in QUESTIONS.values() for name in pair)]
    groups = [
        (chance.value, group.value)
        for chance in Chance
        for group in ChanceGroup
        if group.value in set(readings[QUESTIONS[chance][0]])
    ]
    fits = fit_groups(list_answers(readings)).reindex(groups).reset_index()
    return fits.assign(
        basis=ParameterBasis.ESTIMATED.value, data_sha256=digest_frames(readings[columns])
    )
