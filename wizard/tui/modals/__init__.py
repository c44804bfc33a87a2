"""Short questions laid over a screen."""
