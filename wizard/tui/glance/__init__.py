"""The whole install at one glance: the table of stages, and plots of what moves."""
