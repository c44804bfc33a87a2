"""Runners in other processes: the protocol, its two sides, and starting one in the background."""
