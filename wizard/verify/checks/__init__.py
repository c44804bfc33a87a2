"""The checks a recipe declares, and the code behind each."""
