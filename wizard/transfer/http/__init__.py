"""One address of a file over HTTP: opening it, reading its body, and what a refusal means."""
