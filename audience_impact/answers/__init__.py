"""Texts for readers: tables in the terminal, the answer for a restriction or an area, pages."""
