"""Proof of an install that other programs can read: checksums, a manifest, Croissant metadata."""
