"""Registers of restrictions: their files read, imported as a layer of facts, reconciled."""
