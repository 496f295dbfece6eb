"""Pictures of the report, as SVG text from rows of a published table.

What stands on one axis of numbers is inline SVG from a template (`rows`): the answer for a
restriction, person-days, drivers of the width. A register has thousands of them, and their text
keeps its size on a narrow screen. Series over time are drawn by Vega-Lite (`series`): areas by year
and by day, platforms. `atlas` is the map. A function `draw_...` makes each picture, and its text
alternative is the same numbers in words. `finish` makes a PNG of any of them, in the colours of the
page.
"""
