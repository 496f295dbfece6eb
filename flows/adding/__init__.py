"""Adding a figure or a restriction to the facts: questions, the resulting rows, and one write."""
