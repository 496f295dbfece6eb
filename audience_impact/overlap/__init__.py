"""How audiences overlap.

`model` says what a model must answer; the one in use is `one_factor`, with its integral (`copula`)
and its unions of a whole register (`batched`). `conditioning` takes the patterns of any model to
what was measured.
"""
