"""What changed between two versions: which answers, by how much, and because of what.

Each module imports only those above it:

    answers   numbers of two versions beside one another, and what became of each
    rows      rows of facts that differ, and what the facts are with some of them taken over
    sides     what is compared: published versions, and folders of facts computed now
    causes    changes of facts, of the day, of the seed and of the method, told apart by runs
    changes   the whole comparison, and the same as plain records
    saying    the comparison as text
"""
