"""Comparison of two versions: changed answers, sizes of the changes, and related changes of facts.

Each module imports only those above it:

    answers            numbers of two versions beside one another, and what became of each
    facts              the rows of facts that a version keeps, and those that differ between two
    compared_versions  a version to compare: published, or computed from facts with the same tables
    edits              edits of facts: ordinary ones, and those to confirm
    moves              numbers of published tables that moved
    changes            the whole comparison, and the same as plain records
    text               the comparison as text
"""
