"""Comparison of two versions: changed answers, sizes of the changes, and related changes of facts.

Each module imports only those above it:

    facts              the fact tables that differ between two versions, and their rows
    compared_versions  a version to compare, and the answers of two versions side by side
    changes            the whole comparison, and the same as plain records
    text               the comparison as text
"""
