"""Collections as data: the recipe and site models and their loader."""
