"""The contracts of the tables of facts and of the published tables."""
