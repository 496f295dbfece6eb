"""Selection of the figures that describe a restriction: audiences, universes, features."""
