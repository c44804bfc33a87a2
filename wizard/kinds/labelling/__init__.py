"""Making labels: the step all label works share, and what labels were made from."""
