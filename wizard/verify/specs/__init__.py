"""What verification is asked to prove: the tables of its checks, light to load."""
