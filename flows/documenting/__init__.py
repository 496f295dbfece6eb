"""What only developers run: the generated pages of the documentation."""
