"""Commands of a checkout: the only folder that imports prefect.

The packages in their order; each imports only those above it:

    pipeline - the steps of a run, from fact tables to published tables
    fitting - fact tables of parameters, fitted to other facts
    last_version - the comparison of a run with the last version, and its warnings
    layers - the writer of folders of facts
    registers - the import of a register of shutdowns as a layer
    adding - the questions, checks and rows of a new fact, or of an event on no record
    releasing - an archive of a version, to be pinned by its digest
    downloads - figures downloaded from their publishers
    serving - what an environment sets and leaves: its profile, checkouts of facts and metrics
    runs - a run, from fact tables to a published version, and its notices
    publish_impact - the flow of a run on a Prefect server, and its schedule
    answering - answers computed from facts, for `estimate`, `people` and `explain --facts`
    commands - the commands of a checkout
    documenting - the generated pages of the documentation
"""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder of the repository: the command works from a checkout."""
FACTS, REGISTER = CHECKOUT / "data" / "facts", CHECKOUT / "data" / "stop"
"""Facts by hand, and Access Now's register as facts, which `import stop FILE` replaces."""
SHIPPED = (FACTS, REGISTER)
"""The layers that a checkout brings."""

# Before numpy is imported. The products here are small: on a busy machine several threads wait for
# each other ten times as long as one takes, and how many there are must not reach a digit.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
