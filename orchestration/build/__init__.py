"""What is live for a delivery, and dbt that builds from it."""
