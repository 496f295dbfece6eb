"""Shares that a country did not measure: who keeps access, who uses a feature."""
