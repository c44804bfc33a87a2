"""Safe extraction of zip, tar and nested archives."""
