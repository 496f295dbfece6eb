"""The command `audience-impact`."""
