"""One program per contestant; each runs as a process of its own and reports in JSON lines."""
