"""The statistics of overlapping audiences: how many people an internet restriction touches.

What an analyst calls is named here; `api` holds it, and imports heavy libraries in the functions
that need them, so that `import audience_impact` takes a moment. `pipeline` computes all that is
published from facts, through packages that are named after the stages of the data.

Pure: no prefect, no pandera, no network, no clock, no environment may live here.

Stages of the data, each importing only those before it:
vocabulary < blanks < periods < populations < frames < rules < facts < ingest < errors <
audiences < bounds < overlap < simulation < outputs < pipeline < api
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
from audience_impact.api.loading import load, load_calibration
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
    "estimate_union",
    "feature_users",
    "load",
    "load_calibration",
    "person_days",
    "reach_in_days",
    "sharp_union_bounds",
    "union_bounds",
]
