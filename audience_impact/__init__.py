"""The statistics of overlapping audiences: how many people an internet restriction touches.

What an analyst calls is named here; `api` holds it, and imports heavy libraries in the functions
that need them, so that `import audience_impact` takes a moment. `pipeline` computes all that is
published from facts, through the stages of the data, each importing only those above it:

    vocabulary - controlled words, and nothing else
    blanks - what counts as blank, and white space that no cell may hold
    periods - dates as precise as a source is, and time windows
    populations - which universe lies in which, and the country of an area
    frames - what a table that crosses a border of packages holds
    choosing - candidates, which of them are chosen, and why each other one was passed over
    rules - the registry in which every check is entered
    facts - fact tables in memory, each row with its file and line, and the rules across them
    rungs - ways to an answer that were closed, because they failed where the answer was known
    ingest - registers of shutdowns, denominators and place names made into facts
    frequency - who of the users comes on a day, learned from the facts
    shares - who keeps access and who uses a feature, learned from other countries
    errors - what a printed figure may be off by
    places - who lives in a place below the country, who is online there, and on which networks
    overlap - how use of one service goes with use of others, learned from surveys
    imputation - audiences that nobody counted, from figures of others
    audiences - which figure speaks for whom: universes, stated intervals, features, circumvention
    bounds - what the figures force: Frechet, sharp bounds, contradictions
    phases - audiences of a restriction by year and by the period of its daily figure
    simulation - draws of every uncertain input, and the unions and person-days of each
    outputs - a module a published table, the reasons and the rules over results
    pipeline - typed facts in, published tables out
    tracing - what each stage chose among, and how far each correction moved the draws
    api - what an analyst calls without a pipeline

Pure: no prefect, no pandera, no network, no clock, no environment may live here.
"""

from audience_impact.api.answers import (
    Bounds,
    ContradictionError,
    Estimate,
    FeatureUsers,
    Overlap,
    Reach,
    SharpBounds,
)
from audience_impact.api.loading import column_notes, load, load_calibration
from audience_impact.api.net_reach import (
    estimate_union,
    feature_users,
    sharp_union_bounds,
    union_bounds,
)
from audience_impact.api.over_time import person_days, reach_in_days

__all__ = [
    "Bounds",
    "ContradictionError",
    "Estimate",
    "FeatureUsers",
    "Overlap",
    "Reach",
    "SharpBounds",
    "column_notes",
    "estimate_union",
    "feature_users",
    "load",
    "load_calibration",
    "person_days",
    "reach_in_days",
    "sharp_union_bounds",
    "union_bounds",
]
