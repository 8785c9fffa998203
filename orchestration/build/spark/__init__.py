"""The count marts on Spark: what one machine exports, and the build that reads it (docs/past-one-machine.md)."""
