"""The seal: what the build left, by content. From here the warehouse is read-only, and whoever reads it looks whether it still holds."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.build.plan import Plan
from orchestration.foundation.errors import GateShut
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import file_hashes, hash_json
from orchestration.foundation.settings import Home, Settings
from orchestration.foundation.warehouse import TableFacts, open_warehouse


class Seal(BaseModel):
    """`files`: sha256 of the two databases. `tables`: every table that leaves the house; by `quick_hashes` a copy is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    build_id: str
    delivery: str
    data_cut: dt.date
    files: dict[str, str]
    tables: dict[str, TableFacts]
    quick_hashes: dict[str, str]
    seal: str = ""

    def computed(self) -> str:
        return hash_json(self.model_dump(mode="json", exclude={"seal"}))


def seal_file(home: Home) -> Path:
    return home.warehouse / "seal.json"


def break_seal(home: Home) -> None:
    """Called before anything is built: what was sealed until now says nothing about what comes."""
    seal_file(home).unlink(missing_ok=True)


def seal_build(settings: Settings, plan: Plan) -> Seal:
    """Everything in the file itself, no log beside it; then its hash and those of the tables that leave the house."""
    home = settings.paths
    for database in (home.warehouse_file, home.inputs_file):
        if log_of(database).exists():
            with duckdb.connect(str(database)) as connection:
                connection.execute("checkpoint")
    with open_warehouse(settings) as warehouse:
        tables = {relation: warehouse.facts(relation) for relation in warehouse.tables()}
        quick_hashes = {relation: warehouse.quick_hash(relation) for relation in tables}
    sealed = Seal(
        build_id=plan.build_id,
        delivery=plan.delivery,
        data_cut=plan.data_cut,
        files=files_now(home),
        tables=tables,
        quick_hashes=quick_hashes,
    )
    sealed = sealed.model_copy(update={"seal": sealed.computed()})
    write_atomically(seal_file(home), sealed.model_dump_json(indent=1))
    return sealed


def read_seal(home: Home) -> Seal:
    """Raises `GateShut` when there is none, or it was edited."""
    try:
        found = Seal.model_validate_json(seal_file(home).read_bytes())
    except (OSError, ValidationError):
        found = None
    if found is None or found.seal != found.computed():
        raise GateShut("the last build did not come to its end: it has no seal", ["receipt.dbt_build"])
    return found


def changed_since_sealed(home: Home, sealed: Seal) -> list[str]:
    """What was written since, by the name of the file."""
    now = files_now(home)
    found = [
        f"warehouse/{name} changed since it was sealed" for name in sorted(now) if now[name] != sealed.files.get(name)
    ]
    logs = [log for log in map(log_of, (home.warehouse_file, home.inputs_file)) if log.exists()]
    return found + [f"warehouse/{log.name} was written since the build was sealed" for log in logs]


def files_now(home: Home) -> dict[str, str]:
    hashes = file_hashes(home)
    found = {path.name: hashes.of(path) for path in (home.warehouse_file, home.inputs_file)}
    hashes.save()
    return found


def log_of(database: Path) -> Path:
    return Path(f"{database}.wal")
