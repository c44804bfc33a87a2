"""The command line's way of running, watching and asking; lines or JSON."""
