"""Zip archives: their directory, their data, and the loop that unpacks them."""
