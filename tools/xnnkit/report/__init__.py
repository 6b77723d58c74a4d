"""A report: what was found, on one page that can be read anywhere and holds its own data.

Belongs here, in the order in which data flow (``xnnkit.bench.analysis`` comes before):

* sorting: ``content`` (all of a report as plain data), ``built``, ``machines``, ``remarks``
* drawing: ``palette``, ``drawing`` (SVG), ``axis``, and one file a figure: ``ratios``, ``times``,
  ``bars``; ``figures`` says which are drawn
* writing: ``page`` (HTML, with ``templates/``), ``markdown``, ``export`` (figures as files)
* keeping: ``data`` (what was measured goes into the page, and comes back out of it)
* ``visible``: names of other people's, made safe to look at

See docs/report.md.
"""
