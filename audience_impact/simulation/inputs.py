"""What is drawn: the model of a walk, made once before any draw.

Definitions. A place is a restriction in one country. A restriction is complete when it touches
everyone in audiences that can all be drawn.

Method, assumptions, drawbacks and citation: those of outcomes, which draws it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audience_impact.audiences import features, figures
from audience_impact.bounds.measured import PLACE
from audience_impact.facts.tables import Tables
from audience_impact.overlap import registry
from audience_impact.simulation import audiences as pooling
from audience_impact.simulation import timeline as sweep
from audience_impact.simulation import unions as estimation
from audience_impact.simulation.simulate import DEPRIVED, EXPOSED, FEATURE, Model
from audience_impact.vocabulary import WHOLE_INTERNET

if TYPE_CHECKING:
    from datetime import date

    from audience_impact.pipeline import Walk


def in_part(about: pd.DataFrame) -> pd.Series:
    """Restrictions of which it is not known that they touch everyone in the audience."""
    return (
        about["partial"]
        | about["some_networks"]
        | about["networks_unknown"]
        | ~about["start_known"]
    )


def modelled(walk: Walk, tables: Tables, as_of: date) -> Model:
    """What is drawn; without a calibration among the facts nothing will be."""
    about = walk.events.set_index("restriction_id")
    part = in_part(about)
    line = sweep.timeline(
        walk.events,
        walk.audiences.join(walk.places["lower_persons"].rename("place_low_persons"), on=PLACE),
        walk.daily,
        walk.bounds["upper_persons"],
        part | about["never"],
        pd.Timestamp(as_of),
    )
    items = _items(line.rows, walk)
    complete = _complete(items, part | about["never"])
    whole = features.whole_service(walk.targets)
    limits = _limits(walk, whole)
    return Model(
        registry.learn(tables),
        about.index,
        items,
        _drawable(walk, items, complete, whole),
        walk.settled,
        whole,
        walk.shares,
        walk.keepers,
        limits,
        line,
        sweep.pieces(line.drawn, line.spans, "end", by_country=False),
    )


def _items(rows: pd.DataFrame, walk: Walk) -> pd.DataFrame:
    """How each audience is drawn, in the order of the rows of the sweep."""
    told = pooling.distributions(walk.chosen, walk.relays)
    joined = rows.merge(told, on=figures.PAIR, how="left")
    network = joined["platform_id"] == WHOLE_INTERNET
    low = joined["low_persons"]
    expected = np.fmax(joined["expected_audience_persons"], low)
    high = np.fmax(joined["high_persons"].fillna(expected), expected)
    users = pd.DataFrame(
        {
            "audience_key": joined["audience_base_id"],
            "low": low,
            "middle": expected,
            "high": high,
            "shape": pd.Series("fixed", joined.index).where(expected.notna(), ""),
        }
    )
    for name in users.columns:
        joined[name] = joined[name].where(~network, users[name])
    joined["shape"] = joined["shape"].where(joined["middle"].notna(), "").fillna("")
    monthly = pd.Series(pooling.DRIFT, joined.index).where(~network, pooling.BASE_DRIFT)
    return joined.assign(
        audience_key=joined["audience_key"].fillna(""), monthly_drift=monthly
    ).set_index("row", drop=False)


def _complete(items: pd.DataFrame, part: pd.Series) -> pd.Series:
    """Restrictions that touch everyone in audiences that can all be drawn, by restriction_id."""
    ready = (items["shape"] != "") & items["base_persons"].notna()
    all_ready = ready.groupby(items["restriction_id"]).all()
    return all_ready & ~part.reindex(all_ready.index).astype(bool)


def _drawable(
    walk: Walk, items: pd.DataFrame, complete: pd.Series, whole: pd.Series
) -> pd.DataFrame:
    """Places of complete restrictions, with their bounds and how their feature is known."""
    names = complete.index[complete]
    cells = items.drop_duplicates(PLACE)[["restriction_id", *estimation.CELL]]
    places = cells[cells["restriction_id"].isin(names)].merge(
        walk.places.reset_index()[[*PLACE, "lower_persons", "upper_persons"]], on=PLACE
    )
    own = walk.shares.groupby(PLACE)["own"].all()
    keys = pd.MultiIndex.from_frame(places[PLACE])
    return places.assign(
        whole=places["restriction_id"].map(whole).eq(True),
        own=own.reindex(keys).eq(True).to_numpy(),
    ).sort_values(PLACE, ignore_index=True)


def _limits(walk: Walk, whole: pd.Series) -> dict[str, pd.DataFrame]:
    """Bounds of each metric, by restriction."""
    ends = ["lower_persons", "upper_persons"]
    exposed = walk.bounds[ends]
    users = (
        features.bounds(features.limits(walk.shares), walk.places, _unasked(walk))
        .groupby("restriction_id")
        .sum(skipna=False)
    )
    about = walk.events.set_index("restriction_id").reindex(exposed.index)
    is_whole = whole.reindex(exposed.index)
    narrowed = exposed.assign(
        lower_persons=users["lower_persons"].reindex(exposed.index).where(~in_part(about), 0.0),
        upper_persons=np.fmin(exposed["upper_persons"], users["upper_persons"]),
    )
    mixed = is_whole.isna()
    narrowed = narrowed.assign(
        lower_persons=narrowed["lower_persons"].where(~mixed, 0.0),
        upper_persons=narrowed["upper_persons"].where(~mixed, exposed["upper_persons"]),
    )
    feature = narrowed.where(is_whole.ne(True), exposed).where(~about["never"], 0.0)
    return {EXPOSED: exposed, FEATURE: feature, DEPRIVED: _deprived_limits(feature, walk)}


def _unasked(walk: Walk) -> pd.Series:
    """Places where some restricted feature has no share, by PLACE."""
    wanted = walk.targets[walk.targets["feature"] != features.WHOLE]
    asked = walk.places.reset_index()[PLACE].merge(
        wanted[["restriction_id", "feature"]].drop_duplicates(), on="restriction_id"
    )
    told = walk.shares.assign(feature=walk.shares["feature"].str.split(";")).explode("feature")
    known = asked.merge(
        told[[*PLACE, "feature"]].drop_duplicates(),
        on=[*PLACE, "feature"],
        how="left",
        indicator=True,
    )
    return (known["_merge"] == "left_only").groupby([known[name] for name in PLACE]).any()


def _deprived_limits(feature: pd.DataFrame, walk: Walk) -> pd.DataFrame:
    """Feature users less keepers; from zero where nobody counted the keepers."""
    rows = features.kept_limits(walk.keepers).set_index("restriction_id")
    least = rows["least_share"].reindex(feature.index).fillna(0.0)
    most = rows["most_share"].reindex(feature.index).fillna(1.0)
    return feature.assign(
        lower_persons=feature["lower_persons"] * (1.0 - most),
        upper_persons=feature["upper_persons"] * (1.0 - least),
    )
