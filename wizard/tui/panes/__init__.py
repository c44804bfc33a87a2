"""What the right side of the wizard shows: one pane per stage of a dataset."""
