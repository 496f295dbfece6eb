"""Why a figure that others published of an area differs from ours, in a sentence."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from audience_impact.answers.answer import millions

WHY = {
    "counts_all_internet_users": "theirs is {share:.0%} of everyone in our base, whatever was "
    "restricted; ours counts who used it: {ours}",
    "adds_up_platforms": "theirs adds up audiences that overlap; ours counts each person once: "
    "{ours}",
    "duration_differs": "theirs gives hours alone; ours is on record for {count} restrictions",
    "fewer_restrictions": "theirs is less than ours forces: the register holds a restriction that "
    "theirs leaves out or takes for a part of the country; ours: {ours}",
    "other_definition": "theirs is not everyone in our base, and yet outside our bounds: another "
    "count of the people online, place or definition; ours: {ours}",
    "counts_the_population": "theirs is everyone who lives there; ours: {ours}",
    "within_bounds": "theirs lies within our bounds: {ours}",
    "other_period": "ours are counted by month and by year, and theirs is another span",
    "nothing_on_record": "neither the register nor the facts hold a restriction of that period",
}
"""What each code says, in a sentence."""


def why(row: Mapping[str, Any]) -> str:
    """Why what others published of an area differs from ours, or that it does not."""
    known = {name: None if pd.isna(cell) else cell for name, cell in row.items()}
    middle = "" if known["q50_persons"] is None else f", median {millions(known['q50_persons'])}"
    theirs, base = known["published_persons"], known["base_persons"]
    return WHY[row["difference_reason"]].format(
        share=theirs / base if theirs and base else 0.0,
        ours=f"{millions(known['lower_persons'])} to {millions(known['upper_persons'])}{middle}",
        count=int(known["restrictions_count"] or 0),
    )
