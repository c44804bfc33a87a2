"""One module per command: its words and options, and what it says of what the app did."""
