"""The runner: steps, states, events, journal, lease and progress; no textual, no print."""
