"""The published tables with a sentence each, and where the rows of withdrawn tables are now."""

TABLES = {
    "restrictions": "Description of each restriction: place, dates, authority and reason.",
    "impact": "People under each restriction: a row for each metric, of which each counts other "
    "people.",
    "impact_by_platform": "The audiences behind each restriction; they overlap and must not be "
    "added.",
    "countries_by_year": "People under at least one restriction in a year, each person once, and "
    "person-days.",
    "countries_by_month": "People under at least one restriction in a month, each person once, and "
    "person-days.",
    "countries_by_day": "People under at least one restriction on each day of the last two years, "
    "by country.",
    "regions_by_year": "People under at least one restriction in a year in a region or the world, "
    "and person-days.",
    "regions_by_month": "People under at least one restriction in a month in a region or the "
    "world, and person-days.",
    "regions_by_day": "People under at least one restriction on each day of the last two years, by "
    "region.",
    "draws": "Draws of the people under at least one restriction in a year, in countries that are "
    "drawn.",
    "sources": "Every source of the facts.",
    "lineage": "The facts used for each restriction, with file and line.",
}
DETAILS = {
    "person_days": "Person-days of each restriction by year and in all, and of countries by year "
    "and month.",
    "sensitivity": "The inputs that determine the width of each interval, and advice on what to "
    "measure.",
    "comparisons": "Figures that others published for a restriction, compared with our bounds.",
    "area_comparisons": "Figures that others published for an area and period, compared with our "
    "numbers.",
    "candidates": "The facts considered for a restriction, and why each was used or passed over.",
    "steps": "The steps to each answer: items and numbers, from the question to the draws.",
    "register_rows": "For each row of a register the restriction that is published for it.",
    "quality": "The checks of facts and results, and their outcome.",
    "quarantine": "Every refused row, complete.",
}
"""Tables that explain or check the others, in the folder `details` of a version."""
_LEVELS = ("continent", "subregion", "world", "intermediate_region")
MOVED = {
    "impact_feature_users": "impact, where impact_metric is people_feature_exposed",
    "impact_deprived": "impact, where impact_metric is people_deprived_net",
    "impact_by_area": "countries_by_year, countries_by_month and the tables of regions",
    "impact_by_area_month": "countries_by_month",
    "impact_by_day": "countries_by_day",
    **{f"impact_by_{level}": "regions_by_year" for level in _LEVELS},
    **{f"impact_by_{level}_month": "regions_by_month" for level in _LEVELS},
    **{f"impact_by_{level}_day": "regions_by_day" for level in _LEVELS},
    "draws_by_area": "draws",
    "person_days_by_area": "countries_by_year",
    "person_days_by_area_month": "countries_by_month",
    "person_days_by_restriction": "person_days",
    "person_days_by_restriction_all_time": "person_days, where period is all",
}
"""Where the rows of tables before schema 5.0 are now."""


def tables(details: bool = False) -> dict[str, str]:
    """Return the names of the published tables, with a sentence about the rows of each.

    Args:
        details: Whether to return the tables that explain or check the others in their place.

    Examples:
        >>> list(tables())[:4]
        ['restrictions', 'impact', 'impact_by_platform', 'countries_by_year']
        >>> tables(details=True)["quarantine"]
        'Every refused row, complete.'
    """
    return dict(DETAILS if details else TABLES)
