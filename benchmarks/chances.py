"""How often what is called so sure is so: the chances of restrictions, on events left out.

The events of the readings (fact table `event_readings`) are left out, one fold in ten at a time by
a hash of their id; the chances are fitted to the others, and the answers of those left out are
counted by the tenth of the chance that they were given.

    python -m benchmarks.chances [FOLDER...] [--format json]
    python -m benchmarks.chances [FOLDER...] --measured

--measured asks measurers instead of readers: of the cuts of the whole internet of a country in the
months of which the facts have outages of IODA, how many saw IODA, beside the chance that each
happened without its measurement. Measurers see mostly fixed networks, so that what they did not see
may have happened all the same; a cut that they saw did happen.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from audience_impact.audiences import scope
from audience_impact.fitted.chances import PARAMETERS, describe_chances
from audience_impact.fitted.shares import index_parameters
from audience_impact.fitting import shares as fitting
from audience_impact.pipeline import find_newest_access
from audience_impact.populations import country_of
from audience_impact.vocabulary import Chance, GeoScope, NetworkScope, Severity
from benchmarks import format_table
from benchmarks.durations import FACTS, fold_of
from flows.pipeline import steps

IODA = "ioda-outages-2023"


def leave_out(answers: pd.DataFrame) -> pd.DataFrame:
    """Return answers with `share`, the chance that was fitted without the events of their fold."""
    fold = fold_of(answers["event_id"])
    key, parts = ["chance", "chance_group"], []
    for number in sorted(fold.unique()):
        fitted = fitting.fit_groups(answers[fold != number])["share"]
        parts.append(answers[fold == number].join(fitted, on=key))
    return pd.concat(parts).dropna(subset=["share"])


def score(answers: pd.DataFrame, name: str) -> dict[str, object]:
    """Return how many answers were given which chance, and how many were so, with its interval."""
    yes = int(answers["is_yes"].sum())
    interval = binomtest(yes, len(answers)).proportion_ci()
    return {
        "answers": name,
        "count": len(answers),
        "events": int(answers["event_id"].nunique()),
        "called": round(float(answers["share"].mean()), 3),
        "were_so": round(yes / len(answers), 3),
        "from": round(interval.low, 3),
        "to": round(interval.high, 3),
    }


def make_table(answers: pd.DataFrame) -> list[dict[str, object]]:
    """Return the lines of the table: by tenth of the chance, and by chance."""
    left_out = leave_out(answers)
    tenth = np.minimum(np.floor(left_out["share"] * 10.0), 9.0).astype(int)
    lines = [score(rows, f"{at / 10} to {(at + 1) / 10}") for at, rows in left_out.groupby(tenth)]
    return [*lines, *(score(rows, str(name)) for name, rows in left_out.groupby("chance"))]


def list_national_cuts(folders: Sequence[Path]) -> pd.DataFrame:
    """Return national cuts of all networks with `country_id`, `chance_group`, `share`, `is_seen`.

    The group and the chance are those without any outage.
    """
    tables = steps.validate_facts(steps.read_facts(folders)).tables
    about = scope.build_scope(tables, find_newest_access(tables))
    fitted = index_parameters(tables["chances"], ["chance_group"], PARAMETERS)
    none = pd.Series(dtype="str")
    without = describe_chances(about.restrictions, none, tables, fitted)
    happened = Chance.HAPPENED.value
    rows = about.restrictions.assign(
        country_id=about.restrictions["area_ids"].map(country_of),
        chance_group=without.groups[happened].reindex(about.restrictions["restriction_id"]).array,
        is_seen=about.restrictions["restriction_id"].isin(about.evidence["restriction_id"]),
    )
    rows["share"] = rows["chance_group"].map(fitted["share"])
    outages = tables["evidence"][tables["evidence"]["source_id"] == IODA]
    months = pd.to_datetime(outages["begin"].str[:10])
    return rows[
        rows["severity"].eq(Severity.NETWORK_UNAVAILABLE.value)
        & rows["geo_scope"].eq(GeoScope.NATIONAL.value)
        & rows["network_scope"].eq(NetworkScope.ALL.value)
        & rows["first_day"].between(months.min(), months.max())
    ]


def make_measured_table(cuts: pd.DataFrame) -> list[dict[str, object]]:
    """Return the lines of the table: by evidence group, and all."""
    groups = [*cuts.groupby("chance_group"), ("all", cuts)]
    return [_score_measured(rows, str(name)) for name, rows in groups]


def _score_measured(cuts: pd.DataFrame, name: str) -> dict[str, object]:
    seen = int(cuts["is_seen"].sum())
    interval = binomtest(seen, len(cuts)).proportion_ci()
    return {
        "evidence": name,
        "cuts": len(cuts),
        "countries": cuts["country_id"].nunique(),
        "called": round(float(cuts["share"].mean()), 3),
        "seen": round(seen / len(cuts), 3),
        "from": round(interval.low, 3),
        "to": round(interval.high, 3),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--measured", action="store_true")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    folders = options.folders or [FACTS]
    if options.measured:
        lines = make_measured_table(list_national_cuts(folders))
    else:
        readings = steps.validate_facts(steps.read_facts(folders)).tables["event_readings"]
        lines = make_table(fitting.list_answers(readings))
    print(json.dumps(lines) if options.format == "json" else format_table(pd.DataFrame(lines)))


if __name__ == "__main__":
    main()
