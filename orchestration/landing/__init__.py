"""What lies in landing: deliveries, files and their layouts, read and never changed."""
