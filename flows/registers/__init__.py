"""Registers of restrictions: reading their files, importing them as a layer, reconciliation."""
