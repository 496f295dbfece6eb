"""Which figures speak for a restriction: audiences, universes, features."""
