"""`int-marts refresh`: nothing, where the release stands; else the whole job. Dagster is loaded only when there is something to do."""

from __future__ import annotations

from typing import Any

from orchestration.foundation.errors import UsageError
from orchestration.foundation.home_lock import hold
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Home, Settings
from orchestration.landing.deliveries import find_delivery
from orchestration.releases.standing import standing_release


def refresh(settings: Settings, delivery_name: str | None = None, wait: bool = False) -> dict[str, Any]:
    """Everything for one delivery (default: the newest): ingest, accept, build, check, publish.

    Raises `UsageError` (no such delivery), `DeliveryRefused`, `GateShut`, `Busy` or `IntMartsError` (a fault).
    """
    delivery = find_delivery(settings.paths, delivery_name)
    with hold(settings.paths, purpose=f"refresh {delivery.name}", wait=wait), reporter().step("look for changes"):
        standing = standing_release(settings, delivery.name)
    if standing:
        return told(standing, is_new=False)
    # Dagster takes seconds to load
    from orchestration.graph.pipeline import run_job

    done = run_job(settings, delivery.name)
    return told(done, is_new=done.is_new)


def told(release: Any, is_new: bool) -> dict[str, Any]:
    """What a person or a machine is told of a release."""
    return {
        "delivery": release.delivery,
        "release": release.release_id,
        "is_new": is_new,
        "folder": release.folder,
        "report": release.folder / "report" / "index.html",
        "rows": release.rows_by_table,
    }


def require_empty_home(home: Home) -> None:
    """The demo goes only where nothing was ever taken in or published: invented people never stand beside real ones.

    Raises `UsageError` naming what is there.
    """
    lake = [path.name for path in home.lake.glob("*") if not path.name.startswith(".")] if home.lake.is_dir() else []
    roots = (home.releases, home.releases_public, home.public_ledger)
    kept = [root for root in roots if root.is_dir() and any(root.iterdir())]
    if lake or kept:
        what = ", ".join([*(["a lake"] if lake else []), *(f"{root.name}/" for root in kept)])
        raise UsageError(f"this home has {what}: the demo is written only into a new home (--home or INT_MARTS_HOME)")


def is_empty(landing: Any) -> bool:
    return not any(path.is_dir() and not path.name.startswith(".") for path in landing.iterdir())
