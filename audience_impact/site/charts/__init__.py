"""Pictures of the report: rows of a published table in, SVG text out.

What stands on one axis of numbers is inline SVG from a template (`rows`): `answer` for a
restriction, `person_days`, `drivers` of the width. A register has thousands of them, and their text
keeps its size on a narrow screen. Series over time are drawn by Vega-Lite (`series`): `area` by
year and by day, `platform`. `atlas` is the map, made of `shapes`. Each has functions `draw_...` and
`describe_...`, which returns the same numbers in words; a picture has them as its text alternative.
`finish` makes a PNG of any of them. Colours are those of the page (`palette`).
"""
