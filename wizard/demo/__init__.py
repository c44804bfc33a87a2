"""A miniature MSeg made on the spot, and a server on this machine that hands it out."""
