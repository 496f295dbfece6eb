"""The report: a version as a folder of static pages, for people who are no developers.

Everything on a page comes from the published version and from the documents in the package;
nothing is fetched. `build` lists who makes pages, `world` holds what they are made from,
`rendering` turns a page into HTML, `charts` draws, `writing` puts the folder in its place. Text of
facts is hostile until it is escaped, which the templates do without being asked.
"""
