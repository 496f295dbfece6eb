"""Comparison of two versions: changed answers, sizes of the changes, and related changes of facts.

Each module imports only those above it:

    compared_versions  a version to compare; the fact rows and the answers that two versions have
    changes            the whole comparison, and the same as plain records
    text               the comparison as text
"""
