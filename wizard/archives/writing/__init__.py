"""Files written side by side: batches on threads, small ones by helper processes."""
