"""Statistics of overlapping audiences: the number of people whom an internet restriction touches.

The functions for analysts are exported here. They are defined in `api`, where heavy libraries are
imported only in the functions that need them, so that `import audience_impact` is fast. `pipeline`
computes all that is published from facts, through the stages of the data, each importing only those
above it:

    vocabulary - controlled words, and nothing else
    blanks - what counts as blank, and white space that no cell may contain
    plain_text - text of facts made safe for terminals, Markdown, JSON and spreadsheets
    periods - dates as precise as a source is, and time windows
    populations - which universe is in which, and the country of an area
    frames - what a table that crosses a border of packages holds
    selection - candidates, which of them are chosen, and why each other one was passed over
    rules - the registry in which every check is entered
    facts - fact tables in memory, each row with its file and line, and the rules across them
    errors - the errors of printed figures
    denominators - which count of a population speaks for a place and day, and how far it is off
    places - who lives in a place below the country, who is online there, and on which networks
    overlap - how use of one service goes with use of others, fitted from surveys
    imputation - audiences that nobody counted, from figures of others
    fitted - parameters fitted to the facts of many countries, read from fact tables once a run
    audiences - which figure speaks for whom: universes, stated intervals, features, circumvention
    bounds - what the figures force: Frechet, sharp bounds, contradictions
    phases - audiences of a restriction by year and by the period of its daily figure
    simulation - draws of every uncertain input, and the unions and person-days of each
    outputs - a module a published table, the reasons and the rules over results
    tracing - what each stage chose among, and how far each correction moved the draws
    pipeline - typed facts in, published tables out
    partition - a run in parts, each of the restrictions of some countries
    api - what an analyst calls without a pipeline
    fitting - what fits these parameters and makes their fact tables; only commands come here
    registers - registers of shutdowns, denominators and place names made into facts
    store - published versions on a disk or in an object store
    answers - published rows as answers for people: text, tables and citations
    comparing - what changed between two versions
    explaining - an answer taken apart, to the lines of the facts
    exporting - a version as a workbook, CSV, JSON, Parquet or a database
    site - a version as pages and charts that any browser opens
    cli - the command, and its words that read a published version

From `fitting` on stands what is beside the computation or reads what it published. No prefect, no
pandera, no clock and no environment may live here, and no network but that of `store`.
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
