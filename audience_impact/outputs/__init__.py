"""One module a published table, and the rules over results."""
