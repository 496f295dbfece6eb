"""The distribution of a share in a country without a figure, from the figures of other countries.

Definitions. x is the log odds of a share. A group is what a distribution is of: a feature, or all
of them together where there is one. Figures of one group and country differ by hands, services and
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

A group with fewer than LEAST_AREAS countries has the distribution of any group: the mean over
groups, and the variance of their means besides the mean variance between countries.

Assumptions. Countries without a figure are like those with one; so are groups.

Known drawbacks. Countries that were asked were asked because something was restricted there, or
because their markets are large. Years are mixed.

Citation. S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
"""

import numpy as np
import pandas as pd

from audience_impact.fitted.shares import ANY, PARAMETERS
from audience_impact.fitting.tables import digest
from audience_impact.vocabulary import ParameterBasis

LEAST_AREAS = 4
DECIMALS = 4
COLUMNS = ["area_id", *PARAMETERS, "areas", "figures"]


def distributions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of each group: in any country, and in each that has figures.

    Args:
        rows: `group`, `area_id` and `x`, a row a figure.

    Returns:
        `group` and COLUMNS; without rows where there are too few countries. No country has a row
        where figures of one country never differ: their error is unknown then.
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
    """Return the distributions of groups in any country, with `between`, and that of any group."""
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
    """Return the distribution of the next group in the next country, if there are enough groups."""
    count = len(found)
    if count < LEAST_AREAS:
        return found.iloc[:0]
    between = float(found["mean"].var()) + float(found["between"].mean())
    row = {
        "group": ANY,
        "mean": found["mean"].mean(),
        "between": between,
        "spread": np.sqrt(between + found["mean"].var() / count + within),
        "freedom": count - 1,
        "areas": int(found["areas"].max()),
        "figures": int(found["figures"].sum()),
    }
    return pd.DataFrame([row])


def _countries(each: pd.DataFrame, every: pd.DataFrame, within: float) -> pd.DataFrame:
    """Return the distributions of countries with figures, drawn towards that of any country."""
    prior = every.set_index("group")[["mean", "between", "freedom"]]
    groups = each["group"].where(each["group"].isin(prior.index), ANY)
    has_prior = groups.isin(prior.index)
    figures = each[has_prior].reset_index(drop=True)
    rows = drawn_towards(prior.reindex(groups[has_prior]).reset_index(drop=True), figures, within)
    return rows.assign(areas=1, figures=figures["size"])


def drawn_towards(prior: pd.DataFrame, figures: pd.DataFrame, within: float) -> pd.DataFrame:
    """Return `figures` with the PARAMETERS of the next figure of each, by Gaussian conditioning.

    `prior` has `mean`, `between` and `freedom`, `figures` their `mean` and `size` (how many there
    are); both have the same rows.
    """
    noise = within / figures["size"]
    weight = (prior["between"] / (prior["between"] + noise)).fillna(0.0)
    return figures.assign(
        mean=weight * figures["mean"] + (1 - weight) * prior["mean"],
        spread=np.sqrt(prior["between"] * (1 - weight) + within),
        freedom=prior["freedom"],
    )


def table(rows: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """Return the distributions fitted to `rows` as a fact table with `group`.

    `read` is what was read of the facts, of which the table has the digest.
    """
    found = distributions(rows)
    own = found["area_id"] != ANY
    note = own.map({True: "of this area, drawn towards the law of any", False: "of any other area"})
    return as_table(found.assign(note=note.astype("str")), read)


def as_table(found: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """Return distributions with the columns and types of a fact table, numbers rounded."""
    numbers = {name: found[name].astype("float64").round(DECIMALS) for name in PARAMETERS[:2]}
    names = [name for name in ("freedom", "areas", "figures") if name in found]
    counts = {name: found[name].astype("int64") for name in names}
    kept = [name for name in found if name not in (*PARAMETERS, "areas", "figures", "note")]
    told = found.assign(
        basis=ParameterBasis.ESTIMATED.value, data_sha256=digest(read), **numbers, **counts
    )
    return told[[*kept, *PARAMETERS[:2], *names, "basis", "data_sha256", "note"]]
