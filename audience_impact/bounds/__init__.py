"""Bounds that follow from the figures: Frechet bounds, sharp bounds, contradictions."""
