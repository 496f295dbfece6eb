"""Headers of fact tables: columns and key, as the contracts have them."""

from audience_impact.facts.reading import Header
from schemas import facts as fact_models


def build_headers() -> dict[str, Header]:
    """Return columns and key of each fact table."""
    keys = fact_models.list_keys()
    return {
        table: Header(
            list(fact_models.describe_columns(table)),
            keys[table],
            table in fact_models.OPTIONAL,
            fact_models.optional_columns(table),
            fact_models.is_blank_a_key(table),
        )
        for table in fact_models.MODELS
    }
