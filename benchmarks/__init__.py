"""Measurements side by side with what one would use instead."""

import pandas as pd


def format_table(table: pd.DataFrame) -> str:
    """Return a table as Markdown, as docs/validation.md has it."""
    cells = table.map(lambda cell: f"{cell:.3g}" if isinstance(cell, float) else str(cell))
    lines = [f"| {' | '.join(map(str, table.columns))} |", f"|{'---|' * len(table.columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in cells.to_numpy())])
