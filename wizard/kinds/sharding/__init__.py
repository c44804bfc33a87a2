"""How the shards of an array divide the steps of a plan."""
