"""The wizard on screen; the only folder that imports textual."""
