"""Fact tables in memory: read with file and line, and checked by rules across tables."""
