"""The questions, rows and one write of a new fact, and the rows of an event on no record."""
