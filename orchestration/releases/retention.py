"""What a home keeps: versions of the lake that a kept release names or that are in force, and logs of `retention_months`.

Receipts of `forget` and `purge` stay: they are the proof that somebody asked. Other logs go by the time of their file.
"""

from __future__ import annotations

import time

from orchestration.contracts import load_contracts
from orchestration.foundation.settings import Settings
from orchestration.lake import manifest as manifests
from orchestration.lake.retention import remove_folder
from orchestration.lake.retention_note import RECEIPTS
from orchestration.releases.listing import damaged_releases, list_releases

SECONDS_OF_A_MONTH = 30.44 * 86400


def tidy(settings: Settings) -> list[str]:
    """Remove what nothing needs any more; says what it took, in words. The caller holds the home lock."""
    versions, logs = old_versions(settings), old_logs(settings, time.time())
    return [
        *([f"{versions} versions of the lake that no kept release names"] if versions else []),
        *([f"{logs} logs older than {settings.retention_months} months"] if logs else []),
    ]


def old_versions(settings: Settings) -> int:
    """How many were removed. A damaged release does not say what it stands on, so as long as there is one all are kept."""
    if damaged_releases(settings):
        return 0
    home = settings.paths
    named = {
        (entry.feed, entry.delivery, entry.version)
        for release in list_releases(settings)
        for entry in release.receipt.inputs
    }
    removed = 0
    for feed in load_contracts():
        for delivery in manifests.deliveries_of(home, feed):
            in_force = manifests.current_folder(home, feed, delivery)
            for folder in manifests.version_folders(home, feed, delivery):
                number = manifests.number_of(folder)
                if in_force is None or folder == in_force or (feed, delivery, number) in named:
                    continue
                quarantined = home.lake / "quarantine" / feed / f"delivery={delivery}" / f"version={number}.parquet"
                quarantined.unlink(missing_ok=True)
                remove_folder(folder)
                removed += 1
    return removed


def old_logs(settings: Settings, now: float) -> int:
    oldest = now - settings.retention_months * SECONDS_OF_A_MONTH
    doomed = [
        path
        for path in settings.paths.logs.rglob("*")
        if path.is_file()
        and path.relative_to(settings.paths.logs).parts[0] != RECEIPTS
        and path.stat().st_mtime < oldest
    ]
    for path in doomed:
        path.unlink(missing_ok=True)
    return len(doomed)
