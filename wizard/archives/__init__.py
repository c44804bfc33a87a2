"""Archives: unpack zip and tar safely, fast and whole, and tell what they hold."""
