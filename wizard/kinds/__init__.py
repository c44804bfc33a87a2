"""One module per family of step kinds, binding recipe tables to the working code."""
