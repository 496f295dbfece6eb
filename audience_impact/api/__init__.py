"""Functions for analysts that take numbers and return named tuples, without a pipeline or facts."""
