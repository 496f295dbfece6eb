"""Phases of the audience of a restriction: by calendar year, and by days with a daily figure."""
