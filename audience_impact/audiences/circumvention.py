"""The share of feature users who keep access in spite of a restriction (circumvention).

Definitions. A circumvention share is the share of the people affected who keep access.

Method. Of each restriction the latest share of people who say that they keep access; a poll whose
answerers chose themselves comes after every other, and limits nothing. Reach under a block stands
for no restriction by itself: a meter counts sessions that fail, and one service is not all of those
restricted together. Where nobody counted, what the network has taken away nobody keeps, and of what
was cut the share is learned from the country's and other countries' figures
(fitted/shares.py); it limits nothing either. A service that was slowed or impaired, and not
cut, leaves nobody known to be without access.

Assumptions. A network shutdown cannot be circumvented: satellite links and foreign SIM cards are
ignored.
"""

import numpy as np
import pandas as pd

from audience_impact import selection as choosing
from audience_impact.audiences import intervals
from audience_impact.audiences.intervals import DISTRIBUTION_COLUMNS, FIXED
from audience_impact.audiences.scope import Scope
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import FigureErrors
from audience_impact.fitted import shares
from audience_impact.fitted.models import Context, FittedModels
from audience_impact.fitted.shares import ANY, PARAMETERS
from audience_impact.selection import Best, Key, Only
from audience_impact.vocabulary import WHOLE_INTERNET, CircumventionBasis, Severity, YesNo

LEARNED = "learned"
"""Shape of a share that is drawn from fitted PARAMETERS."""


STEPS = (
    Only(
        lambda rows: rows["circumvention_kind"].isin(shares.COUNTED_KINDS),
        lambda rows: rows["circumvention_kind"] + " is no share of people who keep access",
    ),
    Best(
        ["restriction_id"],
        (
            Key("is_poll", "a poll whose answerers chose themselves"),
            Key("period_end", "an earlier one: another is from later", ascending=False),
            Key("share", "access by one means, which access of any kind contains", ascending=False),
            Key("circumvention_id", "no different in what counts: the first by its id is taken"),
        ),
    ),
)
"""Steps that select the share for a restriction."""


def list_candidates(scope: Scope, tables: Tables) -> pd.DataFrame:
    """Return every figure of people who keep access under a restriction, with its ranks."""
    facts = tables["circumvention"]
    shares = facts[facts["restriction_id"].isin(scope.restrictions["restriction_id"])]
    return shares.assign(is_poll=shares["self_selected"] == YesNo.YES.value)


def choose_circumvention(scope: Scope, context: Context) -> pd.DataFrame:
    """Return the share of people who keep access, one row per restriction with such a share.

    Columns: `restriction_id`, `basis` (CircumventionBasis), `circumvention_id` (several joined by
    `;`, blank for a fitted share), `draw_key`, DISTRIBUTION_COLUMNS in shares,
    PARAMETERS of fitted/shares.py (NaN where measured), `is_self_selected`, `least_share`,
    `most_share`.
    """
    measured = _read_measured_shares(scope, context.tables, context.errors)
    rest = scope.restrictions[
        ~scope.restrictions["restriction_id"].isin(measured["restriction_id"])
        & ~scope.restrictions["is_never_enforced"]
    ]
    network = scope.targets.loc[
        scope.targets["platform_id"] == WHOLE_INTERNET, "restriction_id"
    ].unique()
    is_gone = rest["severity"] == Severity.NETWORK_UNAVAILABLE.value
    is_gone &= rest["restriction_id"].isin(network)
    cut = rest[rest["severity"].isin(shares.CUT_SEVERITIES) & ~rest["restriction_id"].isin(network)]
    return pd.concat(
        [measured, _assume_nobody(rest[is_gone]), _use_fitted_shares(cut, scope, context.fitted)],
        ignore_index=True,
    )


def _read_measured_shares(
    scope: Scope, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    best = choosing.select_candidates(list_candidates(scope, tables), STEPS).sort_values(
        ["is_poll", "period_end", "share", "circumvention_id"], ascending=[True, False, False, True]
    )
    is_poll = best["is_poll"]
    stated = intervals.describe_shares(best, ~is_poll, errors)
    return stated.assign(
        **dict.fromkeys(PARAMETERS, np.nan),
        basis=CircumventionBasis.MEASURED.value,
        draw_key=best["circumvention_id"],
        is_self_selected=is_poll,
        least_share=stated["least"].mask(is_poll, 0.0),
        most_share=stated["most"].fillna(1.0).mask(is_poll, 1.0),
    ).reset_index(drop=True)


def _assume_nobody(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return restrictions for which the draws assume that nobody keeps access; bounds stay open."""
    numbers: dict[str, object] = dict.fromkeys([*DISTRIBUTION_COLUMNS, *PARAMETERS], np.nan)
    return restrictions[["restriction_id"]].assign(
        **numbers | {"low": 0.0, "mode": 0.0, "high": 0.0, "shape": FIXED},
        basis=CircumventionBasis.NETWORK_GONE.value,
        circumvention_id="",
        draw_key="",
        is_self_selected=False,
        least_share=0.0,
        most_share=1.0,
    )


def _use_fitted_shares(
    restrictions: pd.DataFrame, scope: Scope, fitted: FittedModels
) -> pd.DataFrame:
    """Return restrictions with the fitted share of their country (of several: of any country)."""
    places = scope.requested.groupby("restriction_id")["country_id"].agg(["first", "nunique"])
    places = places.reindex(restrictions["restriction_id"]).set_axis(restrictions.index)
    country = places["first"].where(places["nunique"] == 1, ANY).astype("str")
    group = pd.Series(shares.KEEPS_ACCESS, restrictions.index)
    parameters = shares.choose_parameters(fitted.keeping_access, group, country)
    rows = _assume_nobody(restrictions).assign(
        **{name: parameters[name] for name in PARAMETERS},
        basis=CircumventionBasis.LEARNED.value,
        circumvention_id=country.map(fitted.keeping_figures).astype("str").fillna(""),
        draw_key="law|" + country.where(country != ANY, restrictions["restriction_id"]),
        **dict.fromkeys(("low", "mode", "high"), np.nan),
        shape=LEARNED,
    )
    return rows[parameters["mean"].notna()]
