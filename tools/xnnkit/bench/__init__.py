"""Benchmark results: make them, read them, keep them, compare them, choose by them.

Belongs here, in the order in which data flow:

* making: ``plan``, ``execute``, ``measure``, ``series``, ``fleet``, ``counts``, ``proof``
* reading: ``model`` (results as objects), ``results`` (Google Benchmark's JSON), ``readers/``
  (every other format), ``runs`` (a run, its identity, its file), ``keep`` (results from elsewhere)
* sorting: ``parts`` (one file), ``sides`` (one side), ``throttle``, ``order`` (turns and drift)
* statistics: ``stats``, ``mannwhitney``, ``steps``
* saying: ``verdict``, ``compare``, ``operators``, ``advise``, ``analysis`` (all of it together),
  ``history``, ``compat`` (Google's ``compare.py``)
* showing: ``table`` and ``show*``, text and nothing else

Devices are another room's business. See docs/compare.md, docs/results.md, docs/advise.md and
docs/history.md.
"""
