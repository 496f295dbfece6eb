"""Adding a figure or a restriction to the facts: questions, the rows they make, and one write."""
