"""Functions for analysts: numbers in, named tuples out, without a pipeline or facts."""
