"""Feed contracts: one YAML file per feed in this folder, read into typed objects here and nowhere else."""

from orchestration.feeds.contract import Column, Feed, Layout, Removal, feed_contract, feed_contracts, normalise_header

__all__ = ["Column", "Feed", "Layout", "Removal", "feed_contract", "feed_contracts", "normalise_header"]
