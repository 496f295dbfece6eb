"""The explanation of an answer, step by step, down to the lines of the fact tables."""
