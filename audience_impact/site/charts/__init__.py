"""Pictures of the report: rows of a published table in, SVG text out.

What stands on one axis of numbers is inline SVG from a template (`rows`): `answer` for a
restriction, `person_days`, `drivers` of the width. A register has thousands of them, and their text
keeps its size on a narrow screen. What runs over time is drawn by Vega-Lite (`series`): `area` by
year and by day, `platform`. `atlas` is the map, `shapes` what it is made of. Each has functions
`draw` and `alt`; `alt` says the same numbers in words, and the drawing carries it as its text
alternative. `finish` makes a PNG of any of them. Colours are those of the page (`palette`).
"""
