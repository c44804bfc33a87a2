"""Postconditions, whole-tree verification and the report."""
