"""What the figures force: Frechet bounds, sharp bounds with measured overlaps, conflicts."""
