"""Whether a file is whole by its own structure, where nobody published a hash of it."""
