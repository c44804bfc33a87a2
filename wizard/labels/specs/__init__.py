"""What label work is asked to do: the tables of its steps, light to load."""
