"""Audiences of a restriction by phase: each year has a base of its own, and some days a figure."""
