"""Links that people paste or share: cleaned, judged, and followed to the file they stand for."""
