"""What each stage chose among for a restriction, and how far each correction moved its draws."""
