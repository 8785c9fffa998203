"""Publishing: what the gate let through becomes an immutable release, and nothing else ever does."""

from orchestration.publish.postgres import publish_to_postgres
from orchestration.publish.publisher import Publication, publish
from orchestration.publish.releases import (
    Release,
    Verified,
    current_release,
    find_release,
    list_releases,
    rollback,
    verify,
)

__all__ = [
    "Publication",
    "Release",
    "Verified",
    "current_release",
    "find_release",
    "list_releases",
    "publish",
    "publish_to_postgres",
    "rollback",
    "verify",
]
