"""Proving datasets: the steps that verify, check and report."""
