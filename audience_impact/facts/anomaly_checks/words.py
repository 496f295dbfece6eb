"""Words that are valid for their column and odd for their row: repeated figures, unique words.

Method. Two figures that agree in value, area and period and differ in one word are probably the
same figure with a wrong word, unless they agree by chance: shares of two digits do across
platforms, counts of people do not. A word is odd if no other figure of its measurer (or page) has
it in that column and at least LEAST_OTHERS figures share another word: by the rule of succession it
had a chance of one in LEAST_OTHERS + 2. A page is about the services that its address or title
names; where it names none, about those that were restricted in its area in the days before it.
"""

import re
from typing import Any

import pandas as pd

from audience_impact.facts.anomaly_checks import levels
from audience_impact.facts.anomaly_checks.accepted import format_number
from audience_impact.facts.rules import ACROSS, Odd, report_rows, reports
from audience_impact.facts.tables import Finding, Tables
from audience_impact.vocabulary import PlatformKind, Unit

SPELT_LETTERS = 4
"""Minimum length of a platform name that is searched for; shorter names, such as X, have other
meanings as well.
"""
TOLD_DAYS = 3
LEAST_OTHERS = 6
ALONE_MONTHS = 3.0
LONE_MONTHS = 9.0
"""Months without another figure of the measurer for a figure to count as isolated; two of the facts
have six.
"""
ALONE_RATIO = 0.01
ALONE_AMONG = 20
SERIES = [
    "measurement_series_id",
    "area_id",
    "audience_metric",
    "unit",
    "population_base",
    "age",
    "sex",
]
SAME = ["area_id", "period", "unit", "stated", "age", "sex"]
WORDS = ["platform_id", "audience_metric", "population_base", "measurement_series_id"]
NO_SERVICES = [PlatformKind.GROUP.value, PlatformKind.NETWORK.value]
KIND = ["audience_metric", "unit", "population_base"]
SAID = {
    "platform_id": "the platform",
    "audience_metric": "the metric",
    "population_base": "the base",
    "measurement_series_id": "the measuring programme",
}


def _is_exact(numbers: "pd.Series[float]") -> "pd.Series[bool]":
    """Return true for two significant digits or more: round numbers agree by chance."""
    return numbers.map(lambda value: len(f"{value:.0f}".rstrip("0")) > 1).astype("bool")


@ACROSS.rule("estimates")
def figure_told_twice(tables: Tables) -> list[Finding]:
    """Report pairs of figures that differ in one coded word, or that differ in the programme."""
    estimates = tables["estimates"]
    columns = [name for name in (*SAME, *WORDS, "row_line") if name != "stated"]
    rows = estimates[columns].assign(stated=estimates["value"].fillna(estimates["low"]))
    rows = rows[rows["stated"] > 0].reset_index(names="place")
    pairs = rows.merge(rows, on=SAME, suffixes=("", "_of"))
    pairs = pairs[pairs["row_line"] > pairs["row_line_of"]]
    differs = pd.DataFrame({name: pairs[name] != pairs[f"{name}_of"] for name in WORDS})
    is_share = pairs["unit"] == Unit.SHARE.value
    programme = differs["measurement_series_id"] & ~differs["platform_id"]
    by_chance = is_share | ~_is_exact(pairs["stated"])
    differs_once = (differs.sum(axis=1) == 1) & ~(differs["platform_id"] & by_chance)
    odd = pairs[programme | differs_once]
    findings: list[Finding] = []
    for name in ("measurement_series_id", *WORDS[:-1]):
        of_word = differs.loc[odd.index, name] & ~(
            programme[odd.index] & (name != "measurement_series_id")
        )
        twice = odd[of_word].drop_duplicates("place").set_index("place")
        findings += report_rows(
            "estimates",
            estimates,
            "figure_told_twice",
            twice.assign(other=twice[f"{name}_of"], what=SAID[name]),
            name,
            lambda row: (
                f"{format_number(row.stated, row.unit)} stands for {row.period} with {row.what} "
                f"{row.other} as well, on line {row.row_line_of}"
            ),
        )
    return findings


@ACROSS.rule("estimates")
def word_alone(tables: Tables) -> list[Finding]:
    """Compare a coded word with those of other figures that agree in all other coded words."""
    estimates = tables["estimates"]
    findings: dict[int, Finding] = {}
    if len(estimates) < LEAST_OTHERS:
        return []
    names = ["measurement_series_id", "source_id", *KIND]
    # Numbers of the words: words themselves are hashed anew for each group.
    coded = estimates[names].apply(lambda words: pd.factorize(words)[0])
    for column in KIND:
        rest = [name for name in KIND if name != column]
        for group, least in (
            (["measurement_series_id", *rest], LEAST_OTHERS),
            (["source_id", *rest], LEAST_OTHERS - 1),
            (rest, 9 * LEAST_OTHERS),
        ):
            odd = _select_lone_words(coded, column, group, least)
            odd = odd.assign(word=estimates.loc[odd.index, column])
            for finding in report_rows(
                "estimates", estimates, "word_alone", odd, column, _describe_lone_word
            ):
                findings.setdefault(finding.line, finding)
    return list(findings.values())


def _select_lone_words(
    coded: pd.DataFrame, column: str, group: list[str], least: int
) -> pd.DataFrame:
    """Return `others_count` of rows with a word that the other rows of their group lack."""
    same_word = coded.groupby([*group, column])[column].transform("size")
    groups = [coded[name] for name in group]
    all_, most = (same_word.groupby(groups).transform(how) for how in ("size", "max"))
    odd = (same_word == 1) & (all_ - 1 >= least) & (most >= least)
    return pd.DataFrame({"others_count": all_[odd] - 1})


def _describe_lone_word(row: Any) -> str:
    word, count = row.word, row.others_count
    return f"{word} stands here alone, beside {count} figures of the kind that say something else"


@reports("estimates", "platform_id")
def platform_alone(tables: Tables) -> Odd:
    """Report a figure that fits another platform, where its own platform has none about that time.

    A figure is reported if the measurer has a figure within 1 % of it for another platform within
    three months, or if the measurer has many figures of this area, but no other figure of the
    platform.
    """
    estimates = tables["estimates"]
    rows = (
        estimates[[*SERIES, "platform_id"]]
        .assign(
            stated=estimates["value"].fillna(estimates["low"]),
            moment=levels.compute_moment(estimates),
        )
        .reset_index(names="place")
    )
    months = levels.find_nearest_months(rows, [*SERIES, "platform_id"])
    lone = rows[~(months <= LONE_MONTHS) & (rows["stated"] > 0)]
    pairs = lone.merge(rows, on=SERIES, suffixes=("", "_of"))
    near = (pairs["moment"] - pairs["moment_of"]).abs() <= ALONE_MONTHS
    near &= (pairs["stated"] / pairs["stated_of"] - 1).abs() <= ALONE_RATIO
    near &= pairs["platform_id"] != pairs["platform_id_of"]
    near &= (pairs["unit"] != Unit.SHARE.value) & _is_exact(pairs["stated"])
    fits = pairs[near].drop_duplicates("place")
    of_measurer = rows.groupby(["measurement_series_id", "area_id"])["place"].transform("size")
    of_platform = rows.groupby(["measurement_series_id", "area_id", "platform_id"])[
        "place"
    ].transform("size")
    strange = rows[(of_platform == 1) & (of_measurer >= ALONE_AMONG)].assign(platform_id_of="")
    odd = pd.concat([fits, strange]).drop_duplicates("place").set_index("place")
    return (
        odd,
        lambda row: (
            f"its measurer has {format_number(row.stated, row.unit)} for {row.platform_id_of} "
            "about then"
            if row.platform_id_of
            else f"the only figure of {row.platform_id} by its measurer in {row.area_id}"
        ),
    )


@reports("estimates", "platform_id")
def page_about_another(tables: Tables) -> Odd:
    """Compare the single service of a page's figures with the services of its title."""
    estimates = tables["estimates"][["source_id", "platform_id", "area_id"]]
    kinds = tables["platforms"].set_index("platform_id")["kind"]
    services = set(kinds.index[~kinds.isin(NO_SERVICES)])
    of_page = estimates.groupby("source_id")["platform_id"]
    rows = estimates[(of_page.transform("nunique") == 1) & estimates["platform_id"].isin(services)]
    named_services = _find_named_services(tables, services)
    named_services = pd.concat(
        [
            named_services,
            _find_restricted_services(tables, rows, services, set(named_services["source_id"])),
        ]
    )
    pairs = named_services.drop_duplicates().sort_values(["source_id", "platform_id"])
    about = pairs.groupby("source_id")["platform_id"].agg(", ".join)
    same = rows.reset_index(names="place").merge(named_services, on=["source_id", "platform_id"])[
        "place"
    ]
    rows = rows.assign(about=rows["source_id"].map(about))
    odd = rows[rows["about"].notna() & ~rows.index.isin(same)]
    return odd, lambda row: f"a figure of {row.platform_id} on a page about {row.about}"


def _find_named_services(tables: Tables, services: set[str]) -> pd.DataFrame:
    """Return `source_id` and `platform_id` of services in the address or title of a page."""
    platforms = tables["platforms"][tables["platforms"]["platform_id"].isin(services)]
    names = platforms.assign(
        word=platforms["name"] + ";" + platforms["platform_id"] + ";" + platforms["aliases"]
    )
    names = names.assign(word=names["word"].str.split(";")).explode("word")
    names["word"] = _normalise_words(names["word"])
    names = names[names["word"].str.len() >= SPELT_LETTERS].drop_duplicates("word")
    longest = sorted(names["word"], key=len, reverse=True)
    sources = tables["sources"]
    text = _normalise_words(
        sources["url"].str.replace(r"^\w+://[^/]*", "", regex=True) + " " + sources["title"]
    )
    pattern = rf"\b({'|'.join(map(re.escape, longest))})\b" if longest else r"(?!)"
    mentions = sources[["source_id"]].assign(word=text.str.findall(pattern)).explode("word")
    return mentions.merge(names[["word", "platform_id"]], on="word")[["source_id", "platform_id"]]


def _normalise_words(texts: "pd.Series[str]") -> "pd.Series[str]":
    return texts.str.lower().str.replace(r"[\W_]+", " ", regex=True).str.strip()


def _find_restricted_services(
    tables: Tables, rows: pd.DataFrame, services: set[str], named: set[str]
) -> pd.DataFrame:
    """Return `source_id` and `platform_id` of services restricted shortly before a page."""
    rows = rows[rows.groupby("source_id")["area_id"].transform("nunique") == 1]
    restrictions = tables["restrictions"]
    restrictions = restrictions.assign(
        area_id=restrictions["area_ids"],
        day=restrictions["observed_from_start"].fillna(restrictions["announced_on_start"]),
    )
    targets = tables["restriction_targets"]
    targets = targets.loc[targets["platform_id"].isin(services), ["restriction_id", "platform_id"]]
    restrictions = restrictions[["restriction_id", "area_id", "day"]].merge(
        targets, on="restriction_id"
    )
    pages = tables["sources"][["source_id", "published_on_start"]]
    pages = rows[["source_id", "area_id"]].drop_duplicates().merge(pages, on="source_id")
    pages = pages[~pages["source_id"].isin(named)].merge(restrictions, on="area_id")
    since = (pages["published_on_start"] - pages["day"]).dt.days
    return pages.loc[since.between(0, TOLD_DAYS), ["source_id", "platform_id"]]
