"""Orchestration and the command: the only folder that imports prefect."""
