"""The growing file of a download: its bytes, who owns it, what is missing, and its hash."""
