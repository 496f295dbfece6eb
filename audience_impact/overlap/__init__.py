"""Models of joint use: how audiences overlap.

`model` defines the interface of a model. The model in use is `one_factor`, with its integral
(`copula`) and the unions of a complete register. `conditioning` adjusts the patterns of
any model to measured overlaps.
"""
