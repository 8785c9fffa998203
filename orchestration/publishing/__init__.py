"""Publishing: what the gate let through becomes an immutable release, and nothing else ever does."""

from orchestration.publishing.postgres import publish_to_postgres
from orchestration.publishing.publisher import Publication, publish, publish_delivery
from orchestration.releases.listing import (
    Release,
    Verified,
    current_release,
    damaged_releases,
    find_release,
    list_releases,
    rollback,
    set_aside,
    verify,
)

__all__ = [
    "Publication",
    "Release",
    "Verified",
    "current_release",
    "damaged_releases",
    "find_release",
    "list_releases",
    "publish",
    "publish_delivery",
    "publish_to_postgres",
    "rollback",
    "set_aside",
    "verify",
]
