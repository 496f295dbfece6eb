"""Denominators of audiences: the count of a population for a place and day.

counts - the count nearest to a day
distributions - how far a count may be off
denominators - what the other stages ask: people online, and the base that contains some audiences
"""
