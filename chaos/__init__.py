"""A seeded run of faults on a real broker and real workers, checked against a replay of the log.

`python -m chaos --seed 1 --minutes 5`; docs/faults.md says which fault is for what.
"""
