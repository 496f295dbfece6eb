"""The published tables, one or two a module, and the rules over results."""
