"""Label images as arrays: read, classified, compared and written."""
