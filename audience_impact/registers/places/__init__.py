"""Places in the free text of a register: names, phrases, meanings."""
