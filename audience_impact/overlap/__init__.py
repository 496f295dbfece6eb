"""The overlap of audiences: how people of one country use services together.

`model` has the model of joint use, with the unions of a complete register; `copula` its integral
and parameters; `patterns` adjusts one set of services to measured overlaps.
"""
