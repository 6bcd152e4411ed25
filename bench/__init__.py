"""The project's benchmark: `make bench`, or `python -m bench --help`.

Every figure of docs/performance.md is made here; nothing in it is typed by hand.
"""
