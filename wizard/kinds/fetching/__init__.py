"""Bringing archives to their place: access, candidates, proofs, and what people are asked for."""
