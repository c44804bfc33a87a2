"""Labels that are drawn: polygons, edges, and loss weights along class boundaries."""
