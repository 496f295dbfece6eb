"""What changed between two versions: which answers, by how much, and which facts beside them.

Each module imports only those above it:

    answers   numbers of two versions beside one another, and what became of each
    facts     the rows of facts that a version keeps, and those that differ between two
    sides     what is compared: a published version, or whatever else gives the same tables
    changes   the whole comparison, and the same as plain records
    text      the comparison as text
"""
