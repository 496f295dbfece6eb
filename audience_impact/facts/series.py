"""What makes figures of audiences one series, and which of them count people."""

from audience_impact.vocabulary import Unit

SERIES = [
    *("measurement_series_id", "platform_id", "area_id", "audience_metric", "unit"),
    *("population_base", "activity_threshold", "age", "sex"),
]
"""Columns in which two figures of one series agree, whatever their periods."""
COUNTED = [Unit.PERSONS.value, Unit.SHARE.value, Unit.IDENTITIES.value]
"""Units of a number of people, or of what stands for one."""
