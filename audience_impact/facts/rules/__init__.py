"""The checks over fact tables, declared by the tables and columns that they compare.

`contradictions` has what cannot be true. All others warn of surprising values: typing errors that
no single cell reveals. Each compares a cell with related cells; its limits were measured on the
facts and are stated where they are used.
"""

from audience_impact.facts.rules import contradictions, days, figures, notes, words

MODULES = (contradictions, days, figures, notes, words)
