"""The free text in which a register says where, read as places: names, phrases, meanings."""
