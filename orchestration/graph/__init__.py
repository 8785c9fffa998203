"""Dagster: assets, checks, sensors, schedule, the instance and the run of a job. Nothing below imports it."""
