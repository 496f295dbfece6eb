"""What others publish, read into fact tables: registers, denominators, names of places."""
