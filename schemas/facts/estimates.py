"""The fact table `estimates`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.figures import Measured

ACCOUNT_METRICS = [words.AudienceMetric.REGISTERED.value, words.AudienceMetric.INSTALLS.value]


class Estimates(Measured):
    """One published audience figure."""

    estimate_id: Series[str] = fields.key()
    platform_id: Series[str] = fields.reference("platforms")
    area_id: Series[str] = fields.reference("areas")
    audience_metric: Series[str] = fields.code(words.AudienceMetric)
    population_base: Series[str] = fields.code(words.PopulationBase)
    period: Series[str] = fields.day(filled=True)
    activity_threshold: Series[str] = fields.text()
    age: Series[str] = fields.text()
    sex: Series[str] = fields.code(words.Sex, filled=False)

    @fields.row_rule(
        "this metric cannot be counted in this unit",
        "correct the unit, or the metric",
        "unit",
        number=5,
    )
    def unit_fits_metric(cls, frame: pd.DataFrame) -> Any:
        """Registrations are no persons, and a population is nothing else."""
        people = frame["unit"].eq(words.Unit.PERSONS.value)
        accounts = frame["audience_metric"].isin(ACCOUNT_METRICS) & people
        residents = frame["audience_metric"].eq(words.AudienceMetric.POPULATION.value) & ~people
        return ~(accounts | residents)

    @fields.row_rule(
        "a count of people, accounts or devices has a fraction",
        "write whole numbers; a point is no sign between thousands",
        "value",
    )
    def counts_are_whole(cls, frame: pd.DataFrame) -> Any:
        """Only shares have fractions: 350.900 is a count whose thousands were set apart."""
        fractions = pd.concat([frame[name] for name in ("value", "low", "high")], axis=1)
        fractions = fractions.apply(lambda cells: cells.str.contains(r"\.", regex=True))
        return frame["unit"].eq(words.Unit.SHARE.value) | ~fractions.any(axis=1)
