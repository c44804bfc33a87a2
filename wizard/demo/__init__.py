"""A miniature collection made on the spot and a loopback server for it."""
