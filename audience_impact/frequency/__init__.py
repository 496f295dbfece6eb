"""How often people come: the share of users who come on a day, learned from the facts."""
