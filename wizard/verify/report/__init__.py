"""The report of an install: one self-contained page, and the same as JSON."""
