"""The plan: what exactly is built for a delivery. The second link of the chain; its hash is the build's id and nothing else.

A plan is worked out from the world as it stands, never read back: whoever uses a build makes the plan again and compares.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from orchestration.build.dbt_runtime import compiled_project
from orchestration.build.inputs import known_deliveries, manifests_up_to, suppliers
from orchestration.foundation.code_version import files_fingerprint
from orchestration.foundation.errors import GateShut, IntMartsError
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import file_hashes, hash_json
from orchestration.foundation.settings import PROJECT_ROOT, Home, Settings
from orchestration.lake.manifest import verify_version
from orchestration.landing.deliveries import NOTE, gone_from_landing, list_deliveries
from orchestration.landing.withdrawals import is_withdrawn, read_withdrawals

REGISTRY_FILE = PROJECT_ROOT / "expectations" / "checks.yml"
# what of the settings decides a figure or whether it may leave the house
SETTINGS_OF_A_PLAN = {
    "icb_code",
    "icb_name",
    "anticipation_months",
    "sub_icb_codes",
    "expected_providers",
    "required_feeds",
    "person_id_spaces",
    "local_identifier_feeds",
    "restatement_flag_pct",
}


class Plan(BaseModel):
    """`versions`: `<feed>/<delivery>` → id of its live version. `models`: one hash over the compiled SQL of all models and the seeds.
    `code`: this room's own, which decides what of a version is live."""

    model_config = ConfigDict(frozen=True)

    delivery: str
    data_cut: dt.date
    versions: dict[str, str]
    settings: dict[str, Any]
    registry: str
    models: str
    code: str

    @property
    def build_id(self) -> str:
        return hash_json(self.model_dump(mode="json"))[:16]

    def differences(self, now: Plan) -> list[str]:
        """What is another in the plan as it would be made `now`, in words."""
        parts = [
            f"{name} of the plan changed"
            for name in ("delivery", "data_cut", "settings", "registry", "models", "code")
            if getattr(self, name) != getattr(now, name)
        ]
        return parts + [f"lake/{text}" for text in difference(self.versions, now.versions)]


def make_plan(settings: Settings, delivery_name: str) -> Plan:
    """From what is live in the lake now. Raises `IntMartsError` when the delivery has nothing in the lake."""
    live = manifests_up_to(settings.paths, delivery_name)
    deliveries = known_deliveries(settings.paths, live, delivery_name)
    if delivery_name not in deliveries:
        raise IntMartsError(f"delivery {delivery_name} has not been ingested: run `int-marts refresh {delivery_name}`")
    return Plan(
        delivery=delivery_name,
        data_cut=deliveries[delivery_name].data_cut,
        versions={f"{item.feed}/{item.delivery}": item.id for listed in live.values() for item in listed},
        settings=settings.model_dump(mode="json", include=SETTINGS_OF_A_PLAN),
        registry=file_hashes(settings.paths).of(REGISTRY_FILE),
        models=compiled_project(settings).models,
        code=code_of_this_room(),
    )


@lru_cache(maxsize=1)
def code_of_this_room() -> str:
    return files_fingerprint(sorted(Path(__file__).parent.rglob("*.py")))


def plan_file(home: Home) -> Path:
    return home.warehouse / "plan.json"


def note_plan(home: Home, plan: Plan) -> None:
    """Leave the plan beside the inputs that were written for it."""
    write_atomically(plan_file(home), plan.model_dump_json(indent=1))


def require_inputs_of(home: Home, plan: Plan) -> None:
    """Raises `IntMartsError` unless the inputs that lie there were written for this very plan."""
    noted = ""
    with suppress(OSError, ValueError):
        noted = Plan.model_validate_json(plan_file(home).read_bytes()).build_id
    if noted != plan.build_id or not home.inputs_file.exists():
        raise IntMartsError(
            "the inputs are not those of this plan: materialise inputs/plan first, or run `int-marts refresh`"
        )


def require_versions_whole(settings: Settings, delivery_name: str) -> None:
    """Every Parquet file that dbt is about to read is what its manifest says. Raises `GateShut` naming those that are not."""
    damaged = changed_in_lake(settings.paths, delivery_name)
    if damaged:
        raise GateShut(
            f"{'; '.join(damaged[:5])}. `int-marts refresh` reads the delivery again from landing",
            ["chain.versions"],
        )


def files_of_plan(home: Home, delivery_name: str) -> list[Path]:
    """The Parquet files that dbt is about to read."""
    live = (manifest for versions in suppliers(home, delivery_name).values() for manifest in versions)
    return [manifest.folder(home) / name for manifest in live for name in manifest.parquet]


def changed_in_lake(home: Home, delivery_name: str) -> list[str]:
    """Files of the live versions that are not what their manifests say."""
    folders = (manifest.folder(home) for versions in suppliers(home, delivery_name).values() for manifest in versions)
    return [
        f"{(folder / name).relative_to(home.root).as_posix()} is not what was ingested"
        for folder in folders
        for name in verify_version(folder)
    ]


def changed_in_landing(home: Home, delivery_name: str) -> list[str]:
    """What is not as it was ingested: landed files, the dates of a delivery's note, a delivery that is gone and that nobody withdrew."""
    hashes = file_hashes(home)
    landed = {delivery.name: delivery for delivery in list_deliveries(home) if delivery.name <= delivery_name}
    withdrawals, ingested, dated = read_withdrawals(home), dict[str, str](), set[str]()
    for listed in manifests_up_to(home, delivery_name).values():
        for manifest in listed:
            ingested |= {f"{manifest.delivery}/{name}": sha256 for name, sha256 in manifest.made_from.landed.items()}
            said = landed.get(manifest.delivery)
            if said and (manifest.data_cut, manifest.coverage_from) != (str(said.data_cut), str(said.coverage_from)):
                dated.add(f"{manifest.delivery}/{NOTE} changed")
    there = {
        f"{delivery.name}/{file.relative_name}": hashes.of(file.path)
        for delivery in landed.values()
        for feed, files in delivery.files.items()
        if not is_withdrawn(withdrawals, delivery.name, feed)
        for file in files
    }
    hashes.save()
    known = {name: sha256 for name, sha256 in ingested.items() if name.split("/", 1)[0] in landed}
    gone = [f"{name} is gone" for name in gone_from_landing(home, delivery_name)]
    return [f"landing/{text}" for text in [*sorted(dated), *gone, *difference(known, there)]]


def difference(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names that changed, went or came, in words; names only."""
    changed = [f"{name} changed" for name in sorted(then.keys() & now.keys()) if then[name] != now[name]]
    gone = [f"{name} is gone" for name in sorted(then.keys() - now.keys())]
    new = [f"{name} is new" for name in sorted(now.keys() - then.keys())]
    return changed + gone + new
