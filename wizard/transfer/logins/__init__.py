"""Logging in to the sites that hand out archives: forms, tokens, and what their refusals mean."""
