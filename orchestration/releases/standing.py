"""Does the current release still stand? Asked before anything heavy is loaded: every link of the chain is looked at, none built."""

from __future__ import annotations

from orchestration.build.plan import changed_in_lake, changed_in_landing, make_plan
from orchestration.build.seal import changed_since_sealed, read_seal
from orchestration.foundation.code_version import code_fingerprint, package_versions
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import Settings
from orchestration.lake.whole_delivery import ingest_delivery
from orchestration.landing.deliveries import find_delivery, missing_feeds
from orchestration.releases.listing import Release, check_folder, current_release, pointer_differences, stores
from orchestration.releases.public_ledger import PublicLedger
from orchestration.releases.store import ReleaseId
from orchestration.releases.waivers import waivers_for


def standing_release(settings: Settings, delivery_name: str) -> Release | None:
    """The current release, when it is of this delivery and landing, lake, plan, code, packages, waivers, sealed build and its own files are
    what they were, and nothing keeps its public side back any more.

    None where anything differs or cannot be read: a refresh then does all of it and says what is wrong. The caller holds the home lock.
    """
    home = settings.paths
    try:
        current = current_release(settings)
        if current is None or current.delivery != delivery_name:
            return None
        ingest_delivery(settings, delivery := find_delivery(home, delivery_name))
        plan, sealed = make_plan(settings, delivery_name), read_seal(home)
        differing = (
            current.build_id != plan.build_id or sealed.build_id != plan.build_id,
            current.receipt.code_fingerprint != code_fingerprint(),
            current.receipt.package_versions != package_versions(),
            current.receipt.waivers != waivers_for(home.waivers_file, delivery.name, delivery.data_cut),
            current.receipt.public_withheld and PublicLedger(settings).is_sound(),
            missing_feeds(delivery, settings.required_feeds),
            changed_in_landing(home, delivery_name),
            changed_in_lake(home, delivery_name),
            changed_since_sealed(home, sealed),
            pointer_differences(settings),
        )
        if any(differing):
            return None
        for profile, store in stores(settings).items():
            folder = store.folder(ReleaseId.parse(current.release_id))
            if folder.is_dir() or not current.receipt.public_withheld:
                check_folder(folder, profile)
    except IntMartsError:
        return None
    return current
