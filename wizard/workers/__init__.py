"""Who does the work of a batch: threads, processes or a cluster, and how items are handed out."""
