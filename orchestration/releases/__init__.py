"""Releases on the disk: list, verify, point back."""
