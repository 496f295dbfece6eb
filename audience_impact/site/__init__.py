"""The report: a version as a folder of static pages, for people who are no developers.

Everything on a page comes from the published version and from the documents in the package;
nothing is fetched. `build` lists the makers of pages, `world` has the data that they read,
`rendering` turns a page into HTML, `charts` draws, `writing` puts the folder in its place. Text of
facts is hostile until it is escaped, which the templates do without being asked.
"""
