"""Label images: decode, tables, colours, panoptic ids, polygons, relabel records, writing."""
