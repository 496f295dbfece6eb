"""Fact tables in memory: read with file and line, held against rules across tables."""
