"""What measurers saw of national cuts, beside the chance that each happened."""

import pandas as pd

from benchmarks import chances
from tests.support import FACTS, REGISTER


def test_each_evidence_group_and_all_have_a_line() -> None:
    cuts = pd.DataFrame(
        {
            "country_id": ["XA", "XA", "XB"],
            "chance_group": ["one_report", "one_report", "measured"],
            "share": [0.5, 0.5, 1.0],
            "is_seen": [True, False, True],
        }
    )
    lines = chances.make_measured_table(cuts)
    assert [line["evidence"] for line in lines] == ["measured", "one_report", "all"]
    assert [line["seen"] for line in lines] == [1.0, 0.5, 0.667]
    assert [line["called"] for line in lines] == [1.0, 0.5, 0.667]


def test_cuts_that_were_seen_are_in_every_group_of_the_facts() -> None:
    cuts = chances.list_national_cuts([FACTS, REGISTER])
    assert set(cuts["chance_group"]) == {"measured", "official", "one_report"}
    assert cuts.groupby("chance_group")["is_seen"].any().all()
