"""Denominators of audiences: the count of a population for a place and day.

denominators - the count nearest to a day, people online, and the base that contains some audiences
online - the fitted share of residents online by country and day
"""
