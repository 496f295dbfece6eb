"""Import of external data into fact tables: registers, denominators, names of places."""
