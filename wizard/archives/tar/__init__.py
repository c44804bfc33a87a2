"""Tar and tar.gz archives: one strict pass, and the loop that unpacks them."""
