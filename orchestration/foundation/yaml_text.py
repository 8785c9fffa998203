"""YAML of the project as plain data. libyaml reads it ten times as fast as PyYAML's own code: contracts, rules and the registry of
checks are read at every start."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """As `yaml.safe_load`. Raises `yaml.YAMLError` when it is none."""
    return yaml.load(text, Loader=_LOADER)
