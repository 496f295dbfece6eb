"""The published tables, in modules by subject, and the rules over results."""
