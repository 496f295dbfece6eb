"""The cases by name, and what holds for every row of the repository's results."""

import csv
import json
from dataclasses import replace
from datetime import date
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import pandas as pd
import pytest

from audience_impact.denominators.denominators import PUBLISHERS_DIFFER
from audience_impact.facts.tables import Tables
from audience_impact.pipeline import Outputs, Settings, Stages, prepare_run
from audience_impact.store.versions import make_frame
from flows.pipeline import quality, steps
from schemas import published
from schemas.published import to_arrow
from tests.conftest import Run
from tests.support import FACTS, computed, edit, load, of_acts, row

CALLS = "RU-2025-08-13-calls"


@pytest.fixture(scope="module")
def frames(repository_results: steps.Results) -> Tables:
    """The published tables as answers read them, blank where text is null."""
    return {name: blank_nulls(repository_results.read_frame(name)) for name in published.TABLES}


def blank_nulls(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with blank for text that is null."""
    texts = [name for name in frame if frame[name].dtype == "str"]
    return frame.assign(**{name: frame[name].fillna("") for name in texts})


def exposed(frames: Tables, act: str) -> "pd.Series[float]":
    """The row of the people exposed."""
    return row(frames["impact"], restriction_id=act, impact_metric="people_exposed")


def of_act(frames: Tables, table: str, act: str = CALLS) -> pd.DataFrame:
    """The rows of a table that speak of an act."""
    frame = frames[table]
    return frame[frame["restriction_id"] == act]


with (Path(__file__).parent / "cases.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["restriction_id"]))
def test_a_case_has_the_cells_that_were_worked_out(case: dict[str, str], frames: Tables) -> None:
    """Worked out by hand; a cell is a number, a word, blank, or the same as another column."""
    result = exposed(frames, case["restriction_id"])
    for pair in case["cells"].split(" | "):
        name, _, cell = pair.partition("=")
        expected = result.get(cell, cell)
        if cell.isdecimal():
            expected = float(cell)
        assert pd.isna(result[name]) if cell == "" else result[name] == expected, pair
    assert case["reason"] in result["reason"]


def test_calls_in_russia_the_parts_and_the_naive_sum(frames: Tables) -> None:
    parts = of_act(frames, "impact_by_platform").set_index(["platform_id", "feature"])
    assert parts["claim_status"].to_dict() == {
        ("telegram", "video_call"): "reported",
        ("telegram", "voice_call"): "official",
        ("whatsapp", "video_call"): "reported",
        ("whatsapp", "voice_call"): "official",
    }
    assert set(parts["naive_sum_persons"]) == {185_000_000}
    assert all("must not be added" in hazard for hazard in parts["aggregation_hazard"])
    for platform, audience in (("whatsapp", 96_000_000), ("telegram", 89_000_000)):
        one = parts.loc[platform]
        assert set(one["printed_min_persons"]) == set(one["printed_max_persons"]) == {audience}
        assert set(one["audience_metric"]) == {"monthly_reach"}
        assert set(one["period"]) == {"2025-07"}
        assert set(one["measurement_series_count"]) == {1}


def test_calls_in_russia_the_estimate(frames: Tables) -> None:
    result = exposed(frames, CALLS)
    assert 96e6 < result["q05_persons"] < result["q50_persons"] < result["q95_persons"] < 105e6
    assert abs(result["q50_persons"] - 101e6) < 1e6
    assert result["clamped_draws_share"] < 0.05


def test_calls_in_russia_who_calls(frames: Tables) -> None:
    """Two polls: 37 % of 112,669,874 adults call, and 75 % of people who are not described.

    Each is a poll of a thousand people, which bounds take by the ends of its interval.
    """
    result = row(frames["impact"], restriction_id=CALLS, impact_metric="people_feature_exposed")
    adults, base = 112_669_874, 105e6
    least, most = 0.37 * adults, 0.75 * base
    off, above = (
        NormalDist().inv_cdf(0.95) * sqrt(share * (1 - share) / 1000) for share in (0.37, 0.75)
    )
    assert abs(result["printed_min_persons"] - (least - off * adults + 96e6 - base)) < 100
    assert abs(result["printed_max_persons"] - (most + above * base)) < 100
    assert result["q05_persons"] < least < result["q50_persons"] < most < result["q95_persons"]
    assert result["obs_status"] == "U"
    for words in ("any messenger", "voice_call taken for all", "asked of age_18_plus", "during"):
        assert words in result["reason"]


def test_calls_in_russia_who_is_left_without(frames: Tables) -> None:
    """A self-selected poll says that 33 % get round it: no bound, and a wide interval."""
    table = of_act(frames, "impact").set_index("impact_metric")
    net, users = table.loc["people_deprived_net"], table.loc["people_feature_exposed"]
    assert (net["printed_min_persons"], net["printed_max_persons"]) == (
        0,
        users["printed_max_persons"],
    )
    assert net["q05_persons"] < 0.5 * users["q50_persons"] < net["q50_persons"]
    assert net["q50_persons"] < users["q50_persons"]
    assert "self-selected poll" in net["reason"]


def test_calls_in_russia_the_person_days_of_2025(frames: Tables) -> None:
    """141 days from the announcement; daily audiences of 82.1 and 68.0 million."""
    result = row(frames["person_days"], restriction_id=CALLS, period="2025")
    assert (result["days"], result["covered_days"]) == (141, 141)
    # The daily figure is of August, and binds on its 19 days; then a thirtieth of 96 million.
    assert result["printed_min_person_days"] == 19 * 82_100_000 + 122 * 3_200_000
    assert result["printed_max_person_days"] == 141 * 105_000_000
    assert result["naive_sum_person_days"] == 141 * 185_000_000
    assert result["naive_daily_sum_person_days"] == 141 * 150_100_000
    assert 11.6e9 < result["q05_person_days"] < result["q50_person_days"]
    assert result["q50_person_days"] < result["q95_person_days"] < 14.8e9
    assert result["imputed_q50_person_days"] == result["q50_person_days"]


def test_calls_in_russia_what_drives_the_width(frames: Tables) -> None:
    table = of_act(frames, "sensitivity")
    first = table[table["rank_count"] == 1].set_index("impact_metric")["input"]
    assert first.to_dict() == {
        "people_exposed": "correlation",
        "people_feature_exposed": "feature_share",
        "people_deprived_net": "circumvention",
        "person_days": "correlation",
    }
    calls = row(table, impact_metric="people_feature_exposed", input="feature_share")
    assert "measure the share who use the feature" in str(calls["advice"])


def test_russia_in_2025_each_person_once(frames: Tables) -> None:
    result = row(frames["countries_by_year"], area_id="RU", year=2025, kind="all")
    assert result["printed_min_persons"] == 96_500_000  # WhatsApp alone, slowed in December
    assert result["printed_min_persons"] <= result["q50_persons"] <= result["printed_max_persons"]
    assert result["printed_max_persons"] <= result["base_persons"] < 146_000_000
    assert result["bounds_only_count"] < result["restrictions_count"]


def test_calls_in_russia_the_company_and_the_newspaper(frames: Tables) -> None:
    table = of_act(frames, "comparisons").set_index("published_figure_id")
    statement = table.loc["PF-SC07"]
    assert (statement["figure_kind"], statement["publisher"]) == ("company_statement", "WhatsApp")
    assert (statement["published_value"], statement["interval_kind"]) == (1e8, "one_sided_min")
    assert statement["compared_with"] == "platform"
    assert statement["printed_min_persons"] == 96_000_000
    assert statement["printed_min_ratio"] == round(100 / 96, 4)
    newspaper = table.loc["PF-SC06"]
    assert (newspaper["published_value"], newspaper["compared_with"]) == (185e6, "restriction")
    assert newspaper["printed_max_ratio"] == round(185 / 105, 4)
    assert newspaper["difference_reason"] == "adds_up_platforms"


def test_calls_in_russia_the_lineage(frames: Tables) -> None:
    used = of_act(frames, "lineage")
    chosen = used[used["role"] == "audience"].set_index("platform_id")["input_id"]
    assert chosen.to_dict() == {"whatsapp": "PE0001", "telegram": "PE0002"}
    relays = used[used["role"] == "relay"]
    assert {"PE0009", "PE0012", "PE0010"} <= set(relays["input_id"])
    assert not set(relays["input_id"]) & set(chosen)
    assert row(used, role="base")["input_id"] == "RU-internet_12_plus-2025-10-mediascope"
    assert all(used["publisher"] != "")
    header, rows = load(FACTS / "estimates.csv")
    line = row(used, input_id="PE0001")["row_line"]
    cells = dict(zip(header, rows[int(line) - 2], strict=True))
    assert (cells["estimate_id"], cells["value"]) == ("PE0001", "96000000")


def test_calls_in_russia_the_act(frames: Tables) -> None:
    act = row(frames["restrictions"], restriction_id=CALLS)
    assert act["start_on"] == date(2025, 8, 10)
    days = [act[name].isoformat() for name in ("announced_on", "observed_from", "observed_by")]
    assert days == ["2025-08-13", "2025-08-10", "2025-08-11"]
    assert (act["authority"], act["area_names"]) == ("Roskomnadzor", "Russia")
    assert act["platform_names"] == "Telegram;WhatsApp"
    assert act["stated_reason"]


def test_normal_are_only_official_measured_and_recent_answers(frames: Tables) -> None:
    table = frames["impact"]
    normal = table.loc[table["obs_status"] == "A", ["restriction_id", "impact_metric"]]
    assert normal.to_numpy().tolist() == [[CALLS, "people_exposed"]]


def test_a_network_shutdown_affects_the_internet_users(frames: Tables) -> None:
    """Publishers differ fourfold about those: bounds go from the one to the other."""
    used = of_act(frames, "lineage", "UG-2021-01-13-internet")
    used = used[used["role"] == "audience"]
    assert (set(used["input_table"]), set(used["platform_id"])) == ({"bases"}, {"*"})
    assert len(used) == 3


def test_after_the_last_count_of_internet_users_a_projection_gives_the_range(
    frames: Tables,
) -> None:
    """A percentile of past errors is no bound: nobody at least, and all residents at most."""
    result = exposed(frames, "UG-2026-01-13-internet")
    low, middle, high = (result[f"{name}_persons"] for name in ("q05", "q50", "q95"))
    assert 5_000_000 < low < 8_000_000 < middle < high < 15_000_000 < result["population_persons"]
    assert low < result["base_persons"] < high
    used = row(of_act(frames, "lineage", "UG-2026-01-13-internet"), role="audience")
    assert used["input_id"] == "UG-internet_all-2026-projected"


def test_every_act_has_three_rows_and_nothing_else(frames: Tables) -> None:
    _, rows = load(FACTS / "restrictions.csv")
    metrics = ["people_exposed", "people_feature_exposed", "people_deprived_net"]
    assert set(
        zip(frames["impact"]["restriction_id"], frames["impact"]["impact_metric"], strict=True)
    ) == {(cells[0], metric) for cells in rows for metric in metrics}
    assert len(frames["impact"]) == 3 * len(rows)
    assert sorted(frames["restrictions"]["restriction_id"]) == sorted(cells[0] for cells in rows)


def test_every_target_has_a_row(frames: Tables) -> None:
    _, rows = load(FACTS / "restriction_targets.csv")
    parts = frames["impact_by_platform"]
    assert set(
        zip(parts["restriction_id"], parts["platform_id"], parts["feature"], strict=True)
    ) == {tuple(cells[:3]) for cells in rows}


def test_bounds_are_in_order_everywhere(frames: Tables) -> None:
    for name in ("impact", "impact_by_platform"):
        table = frames[name]
        known = table[table["printed_max_persons"].notna()]
        assert (table["printed_min_persons"] >= 0).all()
        assert (known["printed_min_persons"] <= known["printed_max_persons"]).all()
        over = known["printed_max_persons"] > known["base_persons"]
        assert "population_persons" in table or not over.any()
        if over.any():
            beyond = known[over]
            assert (beyond["printed_max_persons"] <= beyond["population_persons"]).all()
            exposed = beyond[beyond["impact_metric"] == "people_exposed"]
            is_projected = exposed["reason"].str.contains("internet users projected")  # no bound
            counted = exposed[~is_projected]  # by another publisher than that of the audience
            assert counted["reason"].str.contains("base of another measurer").all()
            assert (
                counted["printed_max_persons"] <= PUBLISHERS_DIFFER * counted["base_persons"]
            ).all()
    shares = frames["impact"].filter(regex="^printed_.*_share$")
    assert ((shares.isna()) | ((shares >= 0) & (shares <= 1))).all(axis=None)


def test_no_gap_without_a_reason(frames: Tables) -> None:
    table = frames["impact"]
    gaps = table["printed_max_persons"].isna() | table["base_persons"].isna()
    silent = table["q50_persons"].isna()
    assert not gaps.any(), "each country of the facts has its people on record"
    assert min(silent.sum(), (table["obs_status"] == "A").sum()) > 0
    assert (table.loc[table["obs_status"] != "A", "reason"] != "").all()
    assert (table.loc[table["obs_status"] == "A", "printed_min_persons"] > 0).all()
    assert (table.loc[silent, "reason"] != "").all()


def test_quantiles_are_in_order_and_within_the_residents(frames: Tables) -> None:
    """Bounds hold if figures are right as printed; draws, which let them be off, may pass them."""
    table = frames["impact"][frames["impact"]["q50_persons"].notna()]
    ends = ["q05", "q50", "q95", "printed_max"]
    assert len(table) > 30
    within = table.assign(printed_max_persons=table["population_persons"])
    steps = within[[f"{name}_persons" for name in ends]].diff(axis=1).iloc[:, 1:]
    assert (steps >= -1).all(axis=None)


def test_person_days_of_a_year_are_those_of_its_months(frames: Tables) -> None:
    table = frames["person_days"][frames["person_days"]["restriction_id"] == "all"]
    months = table[table["period"].str.len() == 7].assign(year=lambda f: f["period"].str[:4])
    added = months.groupby(["area_id", "year"])["printed_min_person_days"].sum()
    years = table[table["period"].str.len() == 4].set_index(["area_id", "period"])
    assert len(years) > 50
    assert (added - years["printed_min_person_days"]).abs().max() <= 12


def test_narrower_metrics_never_exceed_the_people_exposed(frames: Tables) -> None:
    table = frames["impact"].pivot_table(
        index="restriction_id",
        columns="impact_metric",
        values=["printed_min_persons", "printed_max_persons"],
    )
    assert table.notna().sum().min() > 100
    for bound in ("printed_min_persons", "printed_max_persons"):
        part = table[bound].dropna()
        assert (part["people_feature_exposed"] <= part["people_exposed"]).all()
        assert (part["people_deprived_net"] <= part["people_feature_exposed"]).all()


def test_no_part_exceeds_the_whole(frames: Tables) -> None:
    whole = frames["impact"][frames["impact"]["impact_metric"] == "people_exposed"]
    joined = frames["impact_by_platform"].merge(whole, on="restriction_id", suffixes=("", "_whole"))
    assert len(joined) > 100
    assert (joined["printed_min_persons"] <= joined["printed_min_persons_whole"]).all()


def test_every_row_of_the_lineage_stands_where_it_says(frames: Tables) -> None:
    used = frames["lineage"]
    lines = {
        name: (FACTS / name).read_text(encoding="utf-8").splitlines()
        for name in used["row_file"].unique()
    }
    for itertuple in used.itertuples():
        (cells,) = csv.reader([lines[itertuple.row_file][itertuple.row_line - 1]])
        first = {"restriction_targets": 3, "network_use": 2}.get(itertuple.input_table, 1)
        key = cells[:2] + cells[3:4] if itertuple.input_table == "network_shares" else cells[:first]
        assert ("/" if itertuple.input_table == "restriction_targets" else " ").join(
            key
        ) == itertuple.input_id
        assert itertuple.row_file == f"{itertuple.input_table}.csv"
        assert itertuple.source_id in cells
    assert set(used["restriction_id"]) == set(frames["restrictions"]["restriction_id"])


def test_the_facts_of_the_repository_pass_every_rule_but_warnings(
    repository_checked: steps.Checked, frames: Tables
) -> None:
    assert steps.refuse_errors(repository_checked, strict=True) is repository_checked
    assert frames["quarantine"].empty
    assert set(frames["impact"]["quarantined_inputs_count"]) == {0}


def test_expired_figures_are_counted_in_the_quality_table(frames: Tables) -> None:
    table = frames["impact"]
    expired = (table["impact_metric"] == "people_exposed") & (table["staleness"] == "expired")
    assert row(frames["quality"], check="figure_expired")["failed_count"] == expired.sum()


def test_facts_in_another_order_give_the_same_numbers(
    repository_checked: steps.Checked, repository_results: steps.Results
) -> None:
    turned = {
        name: frame.iloc[::-1].reset_index(drop=True)
        for name, frame in repository_checked.tables.items()
    }
    more = replace(repository_checked, tables=turned)
    other = steps.compute_results(more, None, 0)
    assert other.version == repository_results.version
    for name, table in repository_results.tables.items():
        assert other.tables[name].equals(table, check_metadata=True), name


def impact(tables: Tables, stages: Stages, wanted: Settings) -> pd.DataFrame:
    """Table `impact` as it is published, where no row was refused."""
    losses = quality.add_losses(Outputs(stages, wanted)["impact"], (), tables)
    return make_frame(to_arrow("impact", losses))


def test_another_seed_moves_the_estimates_a_little(
    repository_checked: steps.Checked, repository_run: Run
) -> None:
    plain = repository_run.results.read_frame("impact")
    seventh = Settings(seed=7)
    other = impact(repository_checked.tables, repository_run.stages, seventh)
    ends = ["printed_min_persons", "printed_max_persons"]
    pd.testing.assert_frame_equal(other[ends], plain[ends])
    # A range near a factor of 20, or of 12 for a part of a country, may be too wide with the
    # other seed.
    changed = other["obs_status"] != plain["obs_status"]
    factors = [table["q95_persons"] / table["q05_persons"] for table in (plain, other)]
    assert changed.mean() < 0.02
    assert (pd.concat(factors, axis=1).max(axis=1)[changed] > 11).all()
    width = plain["q95_persons"] - plain["q05_persons"]
    moved = (other["q50_persons"] - plain["q50_persons"]).abs() / width
    assert 0 < moved.max() < 0.1


def test_a_day_before_the_others_moves_acts_without_a_start_alone(
    repository_checked: steps.Checked, repository_results: steps.Results
) -> None:
    """For want of a start such an act is taken to be in force on the day of the facts.

    What is ongoing lasts till the day of the facts, so that day moves the reach of its days.
    """
    every, rows = repository_results.read_frame("impact"), repository_checked.tables["restrictions"]
    starts = ["observed_from", "observed_from_start", "observed_from_end"]
    is_act = rows["restriction_id"] == "AE-voip-calls"
    unknown = {
        name: rows[name].mask(is_act, "" if name == starts[0] else pd.NaT) for name in starts
    }
    tables = {**repository_checked.tables, "restrictions": rows.assign(**unknown)}
    some = frozenset({*every["restriction_id"].unique()[::8], "AE-voip-calls"})
    result = ["as_of", *every.filter(regex="^window_")]
    plain, early = (
        impact(tables, prepare_run(tables, day, only=some)[0], Settings())
        for day in (pd.Timestamp(every["as_of"].iloc[0]).date(), date(2020, 1, 1))
    )
    assert set(early["as_of"].astype("str")) == {"2020-01-01"}
    lowest = plain[plain["restriction_id"] == "AE-voip-calls"]["printed_min_persons"]
    assert lowest.eq(0).all(), "without a start no lower bound is certain"
    moved = plain.drop(columns=result).compare(early.drop(columns=result), keep_shape=True)
    moved = moved.notna().any(axis=1)
    assert set(plain.loc[moved, "restriction_id"]) == {"AE-voip-calls"}


SPOILT = {
    "estimates/PE0080/value": ("106000000", "estimate_above_base"),
    "estimates/PE0001/value": ("1" + 15 * "0", "too_large"),
    "estimates/PE0039/value": ("-91000000", "not_negative"),
    "estimates/PE0041/value": ("96.5 million", "number"),
    "estimates/PE0002/platform_id": ("telegramm", "key_unresolved"),
    "estimates/PE0014/source_id": ("", "required"),
    "estimates/PE0046/source_id": ("no-such-page", "key_unresolved"),
    "restrictions/RU-2024-10-08-discord/observed_from": ("2025-13-01", "date"),
}
"""One cell each, as a slip of the pen would leave it, and the rule that must say so."""


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int], steps.Results]:
    """Restrictions of two countries, each of these cells changed: lines, and what comes of it."""
    folder = of_acts(tmp_path_factory.mktemp("spoilt") / "facts", "RU-", "AF-")
    lines = {}
    for place, (cell, _) in SPOILT.items():
        table, key, column = place.split("/")
        lines[place] = edit(folder, table, key, **{column: cell})
    return folder, lines, computed(folder)


Spoilt = tuple[Path, dict[str, int], steps.Results]


@pytest.mark.parametrize("place", SPOILT)
def test_one_cell_changed_puts_the_row_in_quarantine_whole(place: str, spoilt: Spoilt) -> None:
    folder, lines, done = spoilt
    table, key, column = place.split("/")
    cell, rule = SPOILT[place]
    quarantine = blank_nulls(done.frames["quarantine"])
    result = quarantine[(quarantine["table"] == table) & (quarantine["line"] == lines[place])]
    assert (f"{table}.csv", column, rule, cell) in set(
        zip(result["file"], result["column"], result["rule"], result["value"], strict=True)
    )
    header, rows = load(folder / f"{table}.csv")
    (whole,) = [dict(zip(header, cells, strict=True)) for cells in rows if cells[0] == key]
    assert [json.loads(kept) for kept in result["row"]] == [whole] * len(result)


def test_the_rest_is_computed_and_says_what_it_lost(spoilt: Spoilt, frames: Tables) -> None:
    _, _, done = spoilt
    impact = blank_nulls(done.read_frame("impact"))
    calls = row(impact, restriction_id=CALLS, impact_metric="people_exposed")
    assert (calls["printed_min_persons"], calls["printed_max_persons"]) == (96_000_000, 105_000_000)
    # Of the seven figures refused one names a service that nobody knows.
    assert calls["quarantined_inputs_count"] == 6
    used = done.tables["lineage"].to_pandas()
    mine = used[(used["restriction_id"] == CALLS) & (used["role"] == "audience")]
    assert set(mine["input_id"]) == {"PE0003", "PE0004"}
    kept = [act for act in frames["impact"]["restriction_id"] if act.startswith(("RU-", "AF-"))]
    assert set(kept) - set(impact["restriction_id"]) == {"RU-2024-10-08-discord"}
    untouched = impact[impact["quarantined_inputs_count"] == 0]
    untouched = untouched.drop(columns="as_of").reset_index(drop=True)
    same = frames["impact"].merge(untouched[["restriction_id", "impact_metric"]])
    same = same.drop(columns="as_of")
    # What is imputed, and how far the figure of a company is off, rest on all figures, those of
    # other countries too; the bounds do not.
    fitted = "imputed from|company or unexplained figure"
    imputed = untouched["reason"].fillna("").str.contains(fitted)
    # Other figures are combined with what all of them let expect, unless they are far surer.
    pd.testing.assert_frame_equal(untouched[~imputed], same[~imputed], rtol=0.01)
    ends = ["printed_min_persons", "printed_max_persons"]
    pd.testing.assert_frame_equal(untouched.loc[imputed, ends], same.loc[imputed, ends])


def test_what_hangs_on_the_refused_act_is_refused_with_it(spoilt: Spoilt) -> None:
    _, _, done = spoilt
    quarantine = done.tables["quarantine"].to_pandas()
    cascade = quarantine[quarantine["value"] == "RU-2024-10-08-discord"]
    assert set(zip(cascade["table"], cascade["column"], cascade["rule"], strict=True)) == {
        ("restriction_targets", "restriction_id", "key_unresolved"),
        ("published_figures", "restriction_id", "key_unresolved"),
    }


def test_a_broken_page_takes_its_figures_and_the_impact_says_so(tmp_path: Path) -> None:
    facts = of_acts(tmp_path / "facts", CALLS)
    edit(facts, "sources", "vanguardngr-2025-08-15", accessed_on="yesterday")
    done = computed(facts)
    quarantine = done.tables["quarantine"].to_pandas()
    assert set(zip(quarantine["table"], quarantine["rule"], strict=True)) == {
        ("sources", "date"),
        ("estimates", "key_unresolved"),
        ("published_figures", "key_unresolved"),
    }
    calls = row(
        done.tables["impact"].to_pandas(), restriction_id=CALLS, impact_metric="people_exposed"
    )
    assert calls["quarantined_inputs_count"] == 4
    assert set(published.TABLES) == set(done.tables)
