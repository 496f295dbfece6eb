"""Table `register_rows`: the restriction that is published for each row of a register."""

import pandas as pd

from audience_impact.facts.events import choose_links, find_published_ids
from audience_impact.facts.tables import Tables

KEY = ["source_id", "register_row"]


def make_register_rows(tables: Tables) -> pd.DataFrame:
    """Return one row for each row of a register, with its event and the published restriction.

    Links merge events (facts/events.py): `relation` and `rule` are copied from the link; they are
    blank for an event that is published under its own id.
    """
    rows = tables["register_rows"]
    links = choose_links(tables["event_links"])
    published = find_published_ids(links)
    events = rows["restriction_id"]
    about = links.set_index("restriction_id")[["relation", "rule"]].to_dict()
    return rows.assign(
        register_row=rows["register_row"].astype("int64"),
        event_id=events,
        restriction_id=events.replace(published),
        **{
            name: events.map(lambda event, cells=cells: cells.get(event, ""))
            for name, cells in about.items()
        },
    ).sort_values(KEY, ignore_index=True)
