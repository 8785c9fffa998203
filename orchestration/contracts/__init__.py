"""FeedContract contracts: one YAML file per feed in this folder, read into typed objects here and nowhere else."""

from orchestration.contracts.contract import (
    Column,
    FeedContract,
    Layout,
    PrintedColumn,
    PrintedTable,
    Removal,
    feed_contract,
    load_contracts,
    normalise_header,
)

__all__ = [
    "Column",
    "FeedContract",
    "Layout",
    "PrintedColumn",
    "PrintedTable",
    "Removal",
    "feed_contract",
    "load_contracts",
    "normalise_header",
]
