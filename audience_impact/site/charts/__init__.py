"""Pictures of the report, as SVG text from rows of a published table.

What stands on one axis of numbers is inline SVG from a template (`rows`). Vega draws series over
time (`series`) and maps (`maps`), and `drawing` makes its SVG one that a page can hold, and a file
of any picture. `ranking` has the pictures of `show --chart`. One function makes each picture, and
its text alternative is the same numbers in words.
"""
