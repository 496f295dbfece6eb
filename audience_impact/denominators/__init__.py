"""Denominators of audiences: the count of a population for a place and day.

counts - the count nearest to a day
online - the fitted share of residents online by country and day
denominators - what the other stages ask: people online, and the base that contains some audiences
"""
