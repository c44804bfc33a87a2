"""The terminal: what is written to it, what a person types in it, and its signals."""
