"""Orchestration and the command: the only folder that imports prefect."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder of the repository: the command works from a checkout."""

# Before numpy is imported. The products here are small: on a busy machine several threads wait for
# each other ten times as long as one takes, and how many there are must not reach a digit.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
