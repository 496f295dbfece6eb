"""The overlap of audiences: how people of one country use services together.

`copula` has the integral and its parameters, and adjusts one set of services to measured overlaps;
`model` has the unions of a complete register.
"""
