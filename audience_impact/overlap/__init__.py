"""How audiences overlap.

`model` says what a model must answer, `registry` which there are; the one in use is `one_factor`,
with its integral (`copula`), its unions of a whole register (`batched`) and what surveys teach it
(`calibration`). `conditioning` takes the patterns of any model to what was measured.
"""
