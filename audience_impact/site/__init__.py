"""The report: a version as a folder of static pages, for readers who are not developers.

Everything on a page comes from the published version and from the documents in the package; nothing
is fetched. `build` lists the functions that create pages and puts the folder in its place,
`report_data` has the data that they read, `rendering` turns a page into HTML. Text of facts may be
malicious; the templates escape all of it automatically.

Pictures are SVG text from rows of a published table. What stands on one axis of numbers comes from
a template (`rows`). Vega draws series over time (`series`) and maps (`maps`), and `drawing` makes
its SVG one that a page can hold, and a file of any picture. `ranking` has the pictures of
`show --chart`. The text alternative of a picture is the same numbers in words.
"""
