"""Words that are valid for their column and odd for their row: repeated figures, unique words.

Method. Two figures that agree in value, area and period and differ in one word are probably the
same figure with a wrong word, unless they agree by chance: shares of two digits do across
platforms, counts of people do not. A word is odd if no other figure of its measurer (or page) has
it in that column and at least LEAST_OTHERS figures share another word: by the rule of succession it
had a chance of one in LEAST_OTHERS + 2. A page is about the services that its address or title
names; where it names none, about those that were restricted in its area in the days before it.
"""

import re

import pandas as pd

from audience_impact.facts.checks import check
from audience_impact.facts.rules import levels
from audience_impact.facts.tables import Tables
from audience_impact.vocabulary import PlatformKind, Unit

SPELT_LETTERS = 4
"""Minimum length of a platform name that is searched for; shorter names, such as X, have other
meanings as well.
"""
MOST_DAYS_AFTER_START = 3
LEAST_OTHERS = 6
ALONE_MONTHS = 3.0
LONE_MONTHS = 9.0
"""Months without another figure of the measurer for a figure to count as isolated; two of the facts
have six.
"""
ALONE_RATIO = 0.01
ALONE_AMONG = 20
SERIES = [
    *("measurement_series_id", "area_id", "audience_metric", "unit"),
    *("population_base", "age", "sex"),
]
SAME = ["area_id", "period", "unit", "stated", "age", "sex"]
WORDS = {
    "measurement_series_id": "the measuring programme",
    "platform_id": "the platform",
    "audience_metric": "the metric",
    "population_base": "the base",
}
NO_SERVICES = [PlatformKind.GROUP.value, PlatformKind.NETWORK.value]
KIND = ["audience_metric", "unit", "population_base"]


@check("estimates", "platform_id")
def _figure_told_twice(estimates: pd.DataFrame, _: Tables) -> pd.DataFrame:
    columns = [name for name in (*SAME, *WORDS, "row_line") if name != "stated"]
    rows = estimates[columns].assign(stated=estimates["value"].fillna(estimates["low"]))
    rows = rows[rows["stated"] > 0].sort_values("row_line", kind="stable")
    are_round = levels.count_digits(rows["stated"]) <= 1
    rows = rows.assign(by_chance=(rows["unit"] == Unit.SHARE.value) | are_round)
    twice = []
    for name, what in WORDS.items():
        others = [word for word in WORDS if word != name]
        # A figure of two programmes may have another metric and base in each.
        same = ["platform_id"] if name == "measurement_series_id" else others
        odd = _select_second_words(rows, [*SAME, *same], name).assign(column=name, what=what)
        twice.append(odd[~odd["by_chance"]] if name == "platform_id" else odd)
    return pd.concat(twice)


def _select_second_words(rows: pd.DataFrame, by: list[str], name: str) -> pd.DataFrame:
    """Return the rows with another word in column `name` than a row before that agrees in `by`.

    `other` and `row_line_of` are the word and the line of the first such row.
    """
    rows = rows.assign(group=rows.groupby(by).ngroup())
    words = rows.drop_duplicates(["group", name])[["group", name, "row_line"]]
    first = words.drop_duplicates("group").set_index("group")
    second = words[words.duplicated("group")].drop_duplicates("group").set_index("group")
    of_group = rows["group"]
    is_first = rows[name] == of_group.map(first[name])
    cells = {
        about: of_group.map(second[column]).where(is_first, of_group.map(first[column]))
        for about, column in (("other", name), ("row_line_of", "row_line"))
    }
    rows = rows.assign(**cells)
    return rows[rows["row_line"] > rows["row_line_of"]].astype({"row_line_of": "int64"})


@check("estimates", "audience_metric")
def _word_alone(estimates: pd.DataFrame, _: Tables) -> pd.DataFrame:
    names = ["measurement_series_id", "source_id", *KIND]
    # Numbers of the words: words themselves are hashed anew for each group.
    numbers = {name: pd.factorize(estimates[name])[0] for name in names}
    coded = pd.DataFrame(numbers, estimates.index)
    lone = []
    for column in KIND:
        rest = [name for name in KIND if name != column]
        for group, least in (
            (["measurement_series_id", *rest], LEAST_OTHERS),
            (["source_id", *rest], LEAST_OTHERS - 1),
            (rest, 9 * LEAST_OTHERS),
        ):
            same_word = coded.groupby([*group, column])[column].transform("size")
            groups = same_word.groupby([coded[name] for name in group])
            others_count, most = groups.transform("size") - 1, groups.transform("max")
            is_lone = (same_word == 1) & (others_count >= least) & (most >= least)
            lone.append(
                pd.DataFrame({"word": estimates[column], "others_count": others_count})[
                    is_lone
                ].assign(column=column)
            )
    odd = pd.concat(lone)
    return odd[~odd.index.duplicated()]


@check("estimates", "platform_id")
def _platform_alone(estimates: pd.DataFrame, _: Tables) -> pd.DataFrame:
    """Select a figure that fits another platform, where its own platform has none about that time.

    That is, the measurer has a figure within 1 % of it for another platform within three months, or
    many figures of this area, but no other figure of the platform.
    """
    rows = estimates[[*SERIES, "platform_id"]].assign(
        stated=estimates["value"].fillna(estimates["low"]), moment=levels.compute_moment(estimates)
    )
    rows = rows.reset_index(names="place")
    months = levels.find_nearest_months(rows, [*SERIES, "platform_id"])
    lone = rows[~(months <= LONE_MONTHS) & (rows["stated"] > 0)]
    is_exact = (lone["unit"] != Unit.SHARE.value) & (levels.count_digits(lone["stated"]) > 1)
    fitting = []
    for pairs in levels.list_pairs(lone[is_exact], rows, SERIES):
        near = (pairs["moment"] - pairs["moment_of"]).abs() <= ALONE_MONTHS
        near &= (pairs["stated"] / pairs["stated_of"] - 1).abs() <= ALONE_RATIO
        near &= pairs["platform_id"] != pairs["platform_id_of"]
        fitting.append(pairs[near].drop_duplicates("place"))
    fits = pd.concat(fitting).set_index("place")
    measurer = ["measurement_series_id", "area_id"]
    of_measurer, of_platform = (
        rows.groupby(by)["place"].transform("size") for by in (measurer, [*measurer, "platform_id"])
    )
    strange = rows[(of_platform == 1) & (of_measurer >= ALONE_AMONG)].set_index("place")
    odd = pd.concat(
        [
            fits.assign(
                message="its measurer has {stated:number {unit}} for {platform_id_of} about then"
            ),
            strange.assign(message="the only figure of {platform_id} by its measurer in {area_id}"),
        ]
    )
    return odd[~odd.index.duplicated()]


@check("estimates", "platform_id")
def _page_about_another(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    estimates = estimates[["source_id", "platform_id", "area_id"]]
    kinds = tables["platforms"].set_index("platform_id")["kind"]
    services = set(kinds.index[~kinds.isin(NO_SERVICES)])
    of_page = estimates.groupby("source_id")["platform_id"]
    rows = estimates[(of_page.transform("nunique") == 1) & estimates["platform_id"].isin(services)]
    named = _find_named_services(tables, services)
    restricted = _find_restricted_services(tables, rows, services, set(named["source_id"]))
    pairs = pd.concat([named, restricted]).drop_duplicates()
    pairs = pairs.sort_values(["source_id", "platform_id"])
    about = pairs.groupby("source_id")["platform_id"].agg(", ".join)
    same = rows.reset_index(names="place").merge(pairs, on=["source_id", "platform_id"])["place"]
    rows = rows.assign(about=rows["source_id"].map(about))
    return rows[rows["about"].notna() & ~rows.index.isin(same)]


def _find_named_services(tables: Tables, services: set[str]) -> pd.DataFrame:
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
    rows = rows[rows.groupby("source_id")["area_id"].transform("nunique") == 1]
    acts = tables["restrictions"]
    start = acts["observed_from_start"].fillna(acts["announced_on_start"])
    acts = acts[["restriction_id"]].assign(area_id=acts["area_ids"], day=start)
    targets = tables["restriction_targets"]
    targets = targets.loc[targets["platform_id"].isin(services), ["restriction_id", "platform_id"]]
    acts = acts.merge(targets, on="restriction_id")
    pages = tables["sources"][["source_id", "published_on_start"]]
    pages = rows[["source_id", "area_id"]].drop_duplicates().merge(pages, on="source_id")
    pages = pages[~pages["source_id"].isin(named)]
    acts = acts[["area_id", "platform_id", "day"]].drop_duplicates()
    restricted = []
    for pairs in levels.list_pairs(pages, acts, ["area_id"]):
        since = (pairs["published_on_start"] - pairs["day"]).dt.days
        is_of_act = since.between(0, MOST_DAYS_AFTER_START)
        restricted.append(pairs.loc[is_of_act, ["source_id", "platform_id"]].drop_duplicates())
    return pd.concat(restricted)
