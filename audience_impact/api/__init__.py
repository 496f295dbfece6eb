"""What an analyst calls: numbers in, named tuples out, no pipeline and no facts needed."""
