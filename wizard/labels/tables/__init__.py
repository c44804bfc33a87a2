"""The published tables: taxonomies, lists of images, and relabel records."""
