"""Old data into the log: exports of platforms, read, sorted by event time and published once.

Two passes. First every file is read to its end, through the platforms' adapters, and what was
found is sorted by event time, on disk where it is too much for memory: so whatever order files and
lines have, the log gets one order, and nothing is published if a file cannot be read. Then, in that
order, findings become interactions as they do in the service, and are published.
"""
