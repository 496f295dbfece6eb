"""Denominators of audiences: the count of a population for a place and day.

counts - the count nearest to a day, how far it may be off, and the population that limits it
denominators - what the other stages ask: people online, and the base that contains some audiences
"""
