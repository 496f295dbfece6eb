"""What a file of a fact table begins with: its columns and its key, as the contracts have them."""

from audience_impact.facts.reading import Header
from schemas import facts as fact_models


def headers() -> dict[str, Header]:
    """Columns and key of each fact table."""
    keys = fact_models.keys()
    return {
        table: Header(
            list(fact_models.columns(table)),
            keys[table],
            table in fact_models.OPTIONAL,
            fact_models.optional_columns(table),
            fact_models.is_blank_a_key(table),
        )
        for table in fact_models.MODELS
    }
