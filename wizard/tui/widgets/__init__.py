"""Parts that screens and panes are made of."""
