"""The controlled words of the facts and of the published tables, and nothing else.

No other module may contain a list of allowed words or of their wordings: contracts, statistics and
texts all use this package. Codes follow SDMX where a concept exists (OBS_STATUS, SEX, REF_AREA).
"""

# ruff: noqa: F403
from audience_impact.vocabulary.answers import *
from audience_impact.vocabulary.figures import *
from audience_impact.vocabulary.restrictions import *
from audience_impact.vocabulary.word import *
