"""Statistics of overlapping audiences: the number of people whom an internet restriction affects.

The functions for analysts are exported here. They are defined in `api`, where heavy libraries are
imported only in the functions that need them, so that `import audience_impact` is fast. `pipeline`
computes all that is published from facts, through the stages of the data, each importing only those
above it:

    vocabulary - controlled words, and nothing else
    processes - processes beside this one
    plain_text - text of facts made safe for terminals and files, and what counts as blank
    periods - dates with the precision of their source, and time windows
    populations - nested universes, such as adults among residents, and the country of an area
    frames - the columns of tables that one package passes to another
    selection - the choice among candidates, with the reason why each of the rest is rejected
    rules - the registry of all checks
    facts - fact tables in memory, each row with its file and line, and rules over several tables
    figure_errors - the errors of printed figures
    denominators - the count that describes a population at a place and day, and its error
    places - people of a place below the country, the people online there, and their networks
    overlap - joint use of services, fitted to surveys
    imputation - audiences without a count on record, estimated from other places or services
    fitted - parameters fitted to the facts of many countries, and the context that carries them
    audiences - the figures that describe each audience, its universe, features, circumvention
    bounds - limits that follow from the figures: Frechet, sharp bounds, contradictions
    simulation - restrictions in time, and draws of every input, of unions and of person-days
    outputs - a module for each published table, the reasons, and the rules over results
    tracing - how each answer comes about: its candidates and steps, and their words
    pipeline - the computation of published tables from typed facts, whole or in parts
    store - published versions on a disk, in an object store or on the web
    fitting - the fit of these parameters, and their fact tables; only commands use it
    answers - published rows as answers for people: text, tables, citations and explanations
    registers - the conversion of registers, denominators and place names into facts
    api - functions for analysts, who need no pipeline for them
    comparing - the changes between two versions
    exporting - a version as a workbook, CSV, JSON, Parquet or a database
    site - a version as pages and charts that any browser opens
    cli - the command `audience-impact`, and its subcommands that read a published version
    __main__ - the same command as `python -m audience_impact`

The packages from `fitting` on, and `store`, are no part of the computation: they prepare its facts,
or read what it published. No module here may import prefect or pandera, or use clock or
environment; only `store` may use the network.
"""

from typing import Any

from audience_impact.api import (
    Bounds,
    ContradictionError,
    Estimate,
    FeatureUsers,
    Overlap,
    People,
    Reach,
)
from audience_impact.api.computing import estimate, people
from audience_impact.api.loading import Tables, column_notes, load, load_calibration, tables
from audience_impact.api.net_reach import (
    estimate_union,
    feature_users,
    person_days,
    reach_in_days,
    sharp_union_bounds,
    union_bounds,
)

__all__ = [
    "Bounds",
    "ContradictionError",
    "Estimate",
    "FeatureUsers",
    "Overlap",
    "People",
    "Reach",
    "Tables",
    "column_notes",
    "estimate",
    "estimate_union",
    "feature_users",
    "load",
    "load_calibration",
    "people",
    "person_days",
    "reach_in_days",
    "sharp_union_bounds",
    "tables",
    "union_bounds",
]


def __getattr__(name: str) -> Any:
    """Return the version of the installed package as `__version__`, read when it is asked for."""
    if name == "__version__":
        from importlib import metadata

        try:
            return metadata.version("audience-impact")
        except metadata.PackageNotFoundError:  # run from a clone that nobody installed
            return "unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
