"""Loopback servers the tests talk to."""
