"""The report: a version as a folder of static pages, for readers who are not developers.

Everything on a page comes from the published version and from the documents in the package; nothing
is fetched. `build` lists the functions that create pages and puts the folder in its place,
`report_data` has the data that they read, `rendering` turns a page into HTML, `charts` draws. Text
of facts may be malicious; the templates escape all of it automatically.
"""
