"""Orchestration and the command: the only folder that imports prefect."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder of the repository: the command works from a checkout."""
