"""The contracts of the tables: the only folder that imports pandera."""
