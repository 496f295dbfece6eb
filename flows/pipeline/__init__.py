"""The steps of the main flow as plain functions."""

import pandas as pd

# Tables here have tens of columns and thousands of rows at most. Text in arrays of Arrow is made
# anew for each look-up of a column by its name, which took a third of a run.
pd.options.mode.string_storage = "python"
