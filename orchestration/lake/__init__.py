"""The lake: one ingested delivery of a feed becomes an immutable version with its manifest."""
