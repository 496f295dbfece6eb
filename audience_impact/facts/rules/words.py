"""Words that are valid for their column and odd for their row: repeated figures, unique words.

Method. Two figures that agree in value, area and period and differ in one word are probably the
same figure with a wrong word, unless they agree by chance: shares of two digits do across
platforms, counts of people do not. A word is odd if no other figure of its measurer (or page) has
it in that column and at least LEAST_OTHERS figures share another word: by the rule of succession it
had a chance of one in LEAST_OTHERS + 2. A page is about the services and countries that its
address or title names; where it names no service, figures on it are about those that were
restricted in its area in the days before it.
"""

import re

import pandas as pd

from audience_impact.facts.checks import Select, check, check_each
from audience_impact.facts.rules import levels
from audience_impact.facts.tables import Tables
from audience_impact.populations import countries_of, parents_of
from audience_impact.vocabulary import WHOLE_INTERNET, PlatformKind, Unit

SPELT_LETTERS = 4
"""Minimum length of a platform name that is searched for: shorter ones, as X, mean more."""
MOST_DAYS_AFTER_START = 3
LEAST_OTHERS = 6
ALONE_MONTHS = 3.0
LONE_MONTHS = 9.0
"""Months without a figure of the measurer that isolate a figure; two of the facts have six."""
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
SURE_OTHERS = 5 * LEAST_OTHERS
"""Figures of a measurer or page from which a word alone is odd, whatever the row says else."""
FEW_FIGURES = 20
"""Figures of a page up to which no two areas have the same number by chance."""
SHARE_SCALE = 1e6
"""Factor that makes the digits of a share those of a whole number."""
NO_SERVICES = [PlatformKind.GROUP.value, PlatformKind.NETWORK.value]
KIND = ["audience_metric", "unit", "population_base"]


@check("estimates", "platform_id")
def _figure_told_twice(estimates: pd.DataFrame, _: Tables) -> pd.DataFrame:
    columns = [name for name in (*SAME, *WORDS, "source_id", "row_line") if name != "stated"]
    rows = estimates[columns].assign(stated=estimates["value"].fillna(estimates["low"]))
    rows = rows[rows["stated"] > 0].sort_values("row_line", kind="stable")
    is_share = rows["unit"] == Unit.SHARE.value
    digits = levels.count_digits(rows["stated"].mask(is_share, SHARE_SCALE * rows["stated"]))
    rows = rows.assign(by_chance=digits <= 1 + is_share)
    of_page = rows.groupby("source_id")["source_id"].transform("size")
    few = rows[(of_page <= FEW_FIGURES) & ~rows["by_chance"]]
    by = [*(name for name in SAME if name != "area_id"), "source_id", *WORDS]
    areas = _select_second_words(few, by, "area_id")
    twice = [areas.assign(column="area_id", what="the area")]
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
            (["measurement_series_id"], SURE_OTHERS),
            (["source_id"], SURE_OTHERS),
        ):
            same_word = coded.groupby([*group, column])[column].transform("size")
            groups = same_word.groupby([coded[name] for name in group])
            others_count, most = groups.transform("size") - 1, groups.transform("max")
            is_lone = (same_word == 1) & (others_count >= least) & (most >= least)
            words = pd.DataFrame({"word": estimates[column], "others_count": others_count})
            lone.append(words[is_lone].assign(column=column))
    odd = pd.concat(lone)
    return odd[~odd.index.duplicated()]


@check("estimates", "platform_id")
def _platform_alone(estimates: pd.DataFrame, _: Tables) -> pd.DataFrame:
    """Select a figure that fits another platform, or is the only one of its own.

    The measurer has one within 1 % of it for another platform within three months, and none of its
    platform about then; or many figures of the area, but no other one of the platform.
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
    fit = "its measurer has {stated:number {unit}} for {platform_id_of} about then"
    alone = "the only figure of {platform_id} by its measurer in {area_id}"
    odd = pd.concat([fits.assign(message=fit), strange.assign(message=alone)])
    return odd[~odd.index.duplicated()]


def _select_other_countries(acts: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    areas = tables["areas"]
    countries = areas[areas["area_id"].str.fullmatch("[A-Z]{2}")].set_index("area_id")
    names = countries["name"] + ";" + countries["press_name"] + ";" + countries["aliases"]
    parents = parents_of(areas)
    places = acts["area_ids"].map(lambda cell: countries_of(cell.split(";"), parents))
    subjects = acts[["restriction_id"]].assign(subject=places).explode("subject")
    return _select_other_subjects(acts.assign(cell=acts["area_ids"]), tables, subjects, names)


def _select_other_targets(targets: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    subjects = list_targets(targets, tables["platforms"])
    rows = targets.assign(cell=targets["platform_id"]).drop_duplicates("restriction_id")
    return _select_other_subjects(rows, tables, subjects, name_services(tables["platforms"]))


def list_targets(targets: pd.DataFrame, platforms: pd.DataFrame) -> pd.DataFrame:
    """Return `restriction_id` and `subject`: the services that each restriction is of.

    A group counts as its members, and a target also as what its id names: `telegram-proxies` is of
    Telegram. A restriction of a group whose members are not known is left out.
    """
    about = platforms.set_index("platform_id")
    ids = pd.Series(about.index, about.index)
    parts = ids.str.split("-").explode()
    named = find_names(parts, name_subjects(platforms), least=1).groupby("text")["subject"]
    members = ids + ";" + about["member_ids"] + ";" + named.agg(";".join).reindex(ids).fillna("")
    is_unlisted = (about["kind"] == PlatformKind.GROUP.value) & (about["member_ids"] == "")
    unlisted = is_unlisted.index[is_unlisted]
    vague = targets.loc[targets["platform_id"].isin(unlisted), "restriction_id"]
    rows = targets[~targets["restriction_id"].isin(vague)]
    subjects = rows["platform_id"].map(members).astype("str").str.split(";")
    return rows[["restriction_id"]].assign(subject=subjects).explode("subject")


def _select_other_subjects(
    rows: pd.DataFrame, tables: Tables, subjects: pd.DataFrame, names: "pd.Series[str]"
) -> pd.DataFrame:
    """Return the restrictions of which no page names their subjects, but the first page others."""
    acts = tables["restrictions"]
    pages = acts.melt("restriction_id", ["source_id", "also_source_id"], value_name="text")
    pairs = pages.merge(find_names(_join_words(tables), names), on="text")
    fitting = pairs.merge(subjects, on=["restriction_id", "subject"])["restriction_id"]
    is_other = pairs["restriction_id"].isin(subjects["restriction_id"])
    is_other &= ~pairs["restriction_id"].isin(fitting) & (pairs["variable"] == "source_id")
    about = pairs[is_other].groupby("restriction_id")["subject"].agg(", ".join)
    rows = rows.assign(about=rows["restriction_id"].map(about))
    message = "a restriction of {cell} on a page about {about}"
    return rows[rows["about"].notna()].assign(message=message)


def _select_other_figures(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    estimates = estimates[["source_id", "platform_id", "area_id"]]
    names = name_services(tables["platforms"])
    services = set(names.index)
    of_page = estimates.groupby("source_id")["platform_id"]
    rows = estimates[(of_page.transform("nunique") == 1) & estimates["platform_id"].isin(services)]
    named = find_names(_join_words(tables), names)
    named = named.rename(columns={"text": "source_id", "subject": "platform_id"})
    restricted = _find_restricted_services(tables, rows, services, set(named["source_id"]))
    pairs = pd.concat([named, restricted]).drop_duplicates()
    pairs = pairs.sort_values(["source_id", "platform_id"])
    about = pairs.groupby("source_id")["platform_id"].agg(", ".join)
    same = rows.reset_index(names="place").merge(pairs, on=["source_id", "platform_id"])["place"]
    rows = rows.assign(about=rows["source_id"].map(about))
    return rows[rows["about"].notna() & ~rows.index.isin(same)]


@check_each(
    ("estimates", "platform_id", _select_other_figures),
    ("restriction_targets", "platform_id", _select_other_targets),
    ("restrictions", "area_ids", _select_other_countries),
)
def _page_about_another(rows: pd.DataFrame, tables: Tables, _: str, select: Select) -> pd.DataFrame:
    return select(rows, tables)


def name_services(platforms: pd.DataFrame) -> "pd.Series[str]":
    """Return the names of each service by its id, joined by `;`."""
    rows = platforms[~platforms["kind"].isin(NO_SERVICES)].set_index("platform_id")
    return rows["name"] + ";" + rows.index + ";" + rows["aliases"]


def name_subjects(platforms: pd.DataFrame) -> "pd.Series[str]":
    """Return the names of each service, and those of the whole internet, by its id."""
    internet = platforms[platforms["platform_id"] == WHOLE_INTERNET].set_index("platform_id")
    return pd.concat([name_services(platforms), internet["aliases"]])


def _join_words(tables: Tables) -> "pd.Series[str]":
    """Return the path of the address, and the title, of each page by its id."""
    sources = tables["sources"].set_index("source_id")
    path = sources["url"].str.replace(r"^\w+://[^/]*", "", regex=True)
    return path + " " + sources["title"]


def find_names(
    texts: "pd.Series[str]", names: "pd.Series[str]", least: int = SPELT_LETTERS
) -> pd.DataFrame:
    """Return `text` and `subject`: for each text, by its label, the subjects that it names.

    `names` are those of each subject, by its id and joined by `;`. A name of fewer than `least`
    letters is not looked for. Where a longer name contains another, the longer one counts.
    """
    words = names.str.split(";").explode()
    words = _normalise_words(words).rename("word").rename_axis("subject").reset_index()
    words = words[words["word"].str.len() >= least].drop_duplicates("word")
    longest = sorted(words["word"], key=len, reverse=True)
    pattern = rf"\b({'|'.join(map(re.escape, longest))})\b" if longest else r"(?!)"
    mentions = _normalise_words(texts).str.findall(pattern).explode()
    mentions = mentions.rename("word").rename_axis("text").reset_index()
    return mentions.merge(words, on="word")[["text", "subject"]].drop_duplicates()


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
    acts = acts[["area_id", "platform_id", "day"]].drop_duplicates()
    pages = tables["sources"][["source_id", "published_on_start"]]
    pages = rows[["source_id", "area_id"]].drop_duplicates().merge(pages, on="source_id")
    pages = pages[~pages["source_id"].isin(named)]
    restricted = []
    for pairs in levels.list_pairs(pages, acts, ["area_id"]):
        since = (pairs["published_on_start"] - pairs["day"]).dt.days
        is_of_act = since.between(0, MOST_DAYS_AFTER_START)
        restricted.append(pairs.loc[is_of_act, ["source_id", "platform_id"]].drop_duplicates())
    return pd.concat(restricted)
