"""The law of a share in a country without a figure, from the figures of other countries.

Definitions. x is the log odds of a share. A group is what a law is of: a feature, or all of them
together where there is one law. Figures of one group and country differ by hands, services and
years (`within`); countries differ by what is common to their figures (`between`).

Method. x = m + a + e, a the country, e the figure, both of mean zero. `within` is the pooled
variance of figures around the mean of their country, of all groups together; `between` of a group
is the variance of the means of its countries less what `within` makes of it, at least zero. The
next figure of another country is

    x = mean + s T,    s^2 = between (1 + 1/countries) + within,

mean the mean of the countries' means, T Student t of countries - 1 degrees. In a country with n
figures of its own it is

    x = w own + (1 - w) mean + s T,    w = between / (between + within/n),
    s^2 = between (1 - w) + within.

A group with fewer than LEAST_AREAS countries has the law of any group: the mean over groups, and
the variance of their means besides the mean variance between countries.

Assumptions. Countries without a figure are like those with one; so are groups.

Known drawbacks. Countries that were asked were asked because something was restricted there, or
because their markets are large. Years are mixed.

Citation. S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit, stdtrit

from audience_impact.frames import Array
from audience_impact.vocabulary import ParameterBasis

LEAST_AREAS = 4
DECIMALS = 4
ANY = ""
"""In place of a group or of a country: any other."""
LAW = ["mean", "spread", "freedom"]
COLUMNS = ["area_id", *LAW, "areas", "figures"]
TAIL = 0.95


def log_odds(figures: pd.DataFrame) -> pd.Series:
    """Log odds of each share, of the middle of its ends where it has no value; else NaN."""
    middle = figures["share"].fillna((figures["low_share"] + figures["high_share"]) / 2)
    inside = middle.where(middle.between(0.0, 1.0, inclusive="neither"))
    return pd.Series(logit(inside.to_numpy("float64")), figures.index)


def laws(rows: pd.DataFrame) -> pd.DataFrame:
    """Laws of each group: of any country, and of each country that has figures.

    Args:
        rows: `group`, `area_id` and `x`, a row a figure.

    Returns:
        `group` and COLUMNS; without rows where no law can be learned. Countries have none of their
        own where figures of one country never differ: nobody knows what such a figure is off by.
    """
    each = rows.groupby(["group", "area_id"])["x"].agg(["mean", "size", _squares]).reset_index()
    spare = int(each["size"].sum()) - len(each)
    within = float(each["_squares"].sum()) / spare if spare else 0.0
    every = _groups(each, within)
    if every.empty:
        return pd.DataFrame(columns=["group", *COLUMNS])
    own = [_countries(each, every, within)] if within > 0 else []
    return pd.concat([every, *own], ignore_index=True).sort_values(
        ["group", "area_id"], ignore_index=True
    )[["group", *COLUMNS]]


def _squares(x: "pd.Series[float]") -> float:
    return float(((x - x.mean()) ** 2).sum())


def _groups(each: pd.DataFrame, within: float) -> pd.DataFrame:
    """Laws of groups for any country, with `between`, and that of any group."""
    groups = each.assign(rest=1 / each["size"]).groupby("group")
    found = groups.agg(
        mean=("mean", "mean"),
        variance=("mean", "var"),
        areas=("area_id", "size"),
        figures=("size", "sum"),
        rest=("rest", "mean"),
    ).reset_index()
    found["between"] = (found["variance"] - within * found["rest"]).clip(lower=0.0)
    enough = found[found["areas"] >= LEAST_AREAS]
    own = enough.assign(
        spread=np.sqrt(enough["between"] * (1 + 1 / enough["areas"]) + within),
        freedom=enough["areas"] - 1,
    )
    return pd.concat([own, _any_group(found, within)], ignore_index=True).assign(area_id=ANY)


def _any_group(found: pd.DataFrame, within: float) -> pd.DataFrame:
    """The law of the next group in the next country; none where there are too few groups."""
    count = len(found)
    if count < LEAST_AREAS:
        return found.iloc[:0]
    between = float(found["mean"].var()) + float(found["between"].mean())
    law = {
        "group": ANY,
        "mean": found["mean"].mean(),
        "between": between,
        "spread": np.sqrt(between + found["mean"].var() / count + within),
        "freedom": count - 1,
        "areas": int(found["areas"].max()),
        "figures": int(found["figures"].sum()),
    }
    return pd.DataFrame([law])


def _countries(each: pd.DataFrame, every: pd.DataFrame, within: float) -> pd.DataFrame:
    """Laws of countries with figures of their own, drawn towards that of any country."""
    law = every.set_index("group")[["mean", "between", "freedom"]]
    groups = each["group"].where(each["group"].isin(law.index), ANY)
    known = each[groups.isin(law.index)].reset_index(drop=True)
    prior = law.reindex(groups[groups.isin(law.index)]).reset_index(drop=True)
    noise = within / known["size"]
    weight = (prior["between"] / (prior["between"] + noise)).fillna(0.0)
    return known.assign(
        mean=weight * known["mean"] + (1 - weight) * prior["mean"],
        spread=np.sqrt(prior["between"] * (1 - weight) + within),
        freedom=prior["freedom"],
        areas=1,
        figures=known["size"],
    )


def table(figures: pd.DataFrame, rows: pd.DataFrame, read: Sequence[str]) -> pd.DataFrame:
    """The laws of `rows` as a fact table has them, with the digest of `read` of the figures."""
    found = laws(rows)
    numbers = {name: found[name].astype("float64").round(DECIMALS) for name in LAW[:2]}
    counts = {name: found[name].astype("int64") for name in ("freedom", "areas", "figures")}
    own = found["area_id"] != ANY
    note = own.map({True: "of this area, drawn towards the law of any", False: "of any other area"})
    return found.assign(
        basis=ParameterBasis.ESTIMATED.value,
        data_sha256=digest(figures, read),
        note=note.astype("str"),
        **numbers,
        **counts,
    )


def digest(figures: pd.DataFrame, read: Sequence[str]) -> str:
    """SHA-256 of what is read of the table; order and notes do not count."""
    ordered = figures[list(read)].sort_values(read[0])
    return hashlib.sha256(ordered.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def read(learned: pd.DataFrame, groups: pd.Series, areas: pd.Series) -> pd.DataFrame:
    """The law (LAW) of each group and country; NaN where there is none.

    Of the country itself, else of the group in any country, else of any group. `learned` is a
    fact table of laws with `group`; the result is indexed like `groups`.
    """
    found = pd.DataFrame(np.nan, groups.index, LAW)
    if learned.empty:
        return found
    known = learned.set_index(["group", "area_id"])[LAW].astype("float64")
    blank = pd.Series(ANY, groups.index)
    for group, area in ((groups, areas), (groups, blank), (blank, blank)):
        keys = pd.MultiIndex.from_arrays([group, area])
        found = found.fillna(known.reindex(keys).set_axis(groups.index))
    return found


def drawn(law: pd.DataFrame, u: Array) -> Array:
    """Shares (rows, D) of the laws (LAW) from uniforms (rows, D); NaN without a law."""
    mean, spread, freedom = (law[name].to_numpy("float64")[:, None] for name in LAW)
    return np.asarray(expit(mean + spread * stdtrit(freedom, u)))


def left_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Each figure beside the interval that the countries other than its own teach.

    Columns: `group`, `area_id`, `share`, `low_share`, `median_share`, `high_share`, `is_inside`.
    """
    parts = []
    for area in sorted(rows["area_id"].unique()):
        own, others = rows[rows["area_id"] == area], rows[rows["area_id"] != area]
        law = read(laws(others), own["group"], pd.Series(ANY, own.index))
        ends = drawn(law, np.tile([1 - TAIL, 0.5, TAIL], (len(own), 1)))
        parts.append(
            own.assign(
                share=expit(own["x"]),
                low_share=ends[:, 0],
                median_share=ends[:, 1],
                high_share=ends[:, 2],
            )
        )
    found = pd.concat(parts, ignore_index=True)
    inside = found["share"].between(found["low_share"], found["high_share"])
    columns = ["group", "area_id", "share", "low_share", "median_share", "high_share"]
    return found.assign(is_inside=inside)[[*columns, "is_inside"]]
