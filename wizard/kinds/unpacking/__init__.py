"""Unpacking archives: the step, and what shows that it was done by hand."""
