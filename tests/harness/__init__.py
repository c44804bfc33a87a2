"""Many rounds of trouble, short in the suite and long by hand: ``python -m tests.harness``."""
