"""Commands and flows of a checkout: the only folder that imports prefect.

Its packages in their order, each importing only those above it:

    division - how the work of a run may be divided
    pipeline - the steps of a run, from fact tables to published tables
    fitting - fact tables of parameters, fitted to other facts
    last_version - the rules of a run over the last version and its own
    cluster - the parts of a run on a Dask cluster
    workers - who computes the parts of a run
    layers - the one writer of folders of facts
    registers - a register of shutdowns imported as a layer
    adding - facts asked for, checked and written
    explaining - the trace of one answer, computed from facts
    serving - the schedule, its server and its notices
    releasing - a version as an archive to be pinned
    downloads - figures fetched from their publishers
    run_reports - what a run reports: Prefect's pages, metrics, and why it failed
    refresh - the flow that fetches figures
    publish_impact - the main flow, from fact tables to a published version
    commands - the commands of a checkout
    documenting - the generated pages of the documentation
"""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder of the repository: the command works from a checkout."""

# Before numpy is imported. The products here are small: on a busy machine several threads wait for
# each other ten times as long as one takes, and how many there are must not reach a digit.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
