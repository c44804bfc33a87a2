"""Everything that is remembered: one store, one table of its files, one word for each trouble."""
