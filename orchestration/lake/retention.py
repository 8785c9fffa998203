"""Removal by request (`forget`) and by age (`purge`) from everything that was made from landing.

Both leave a receipt, and a note in the lake that later ingests obey: a file that is read again does not bring anyone back.
Landing itself is the deliverer's and is never touched. Old releases hold no rows about people, but can no longer be rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import duckdb
from pydantic import BaseModel

from orchestration.contracts import load_contracts
from orchestration.foundation.errors import UsageError
from orchestration.foundation.files import write_atomically
from orchestration.foundation.settings import Home, Settings
from orchestration.foundation.sql import literal
from orchestration.lake import manifest as manifests
from orchestration.lake import privacy
from orchestration.lake.frames import write_codes, write_coverage, write_profile
from orchestration.lake.manifest import Manifest
from orchestration.lake.retention_note import NOTE, read_note


class RetentionReceipt(BaseModel):
    """What was removed, by feed. `persons_asked` is a count; nobody is named."""

    action: str
    rows_removed: int
    rows_by_feed: dict[str, int]
    persons_asked: int = 0
    before: str | None = None
    consequence: str = "releases made before this can no longer be rebuilt from the lake; landing still holds the files"
    receipt_file: str = ""


def fingerprint(person_id: str) -> str:
    return hashlib.sha256(person_id.encode()).hexdigest()


def lake_identifiers(settings: Settings, asked: list[str]) -> list[str]:
    """Every form an identifier may have in the lake: as delivered, in a named space, or keyed-hashed."""
    forms = list(asked)
    if settings.person_hash_key is not None and settings.person_hash_key.get_secret_value():
        inner, outer = privacy.hash_pads(settings)
        forms += [
            hashlib.sha256((outer + hashlib.sha256((inner + value).encode()).hexdigest()).encode()).hexdigest()
            for value in asked
        ]
    spaces = set(settings.person_id_spaces.values())
    for contract in load_contracts().values():
        spaces |= {
            space
            for space in (contract.person_id_space, *(contract.person.spaces.values() if contract.person else ()))
            if space
        }
    return forms + [f"{space}:{form}" for space in sorted(spaces) for form in forms]


def forget(settings: Settings, persons_file: Path) -> RetentionReceipt:
    """Remove named persons from every version of every patient-level feed in the lake. One identifier per line."""
    if not persons_file.is_file():
        raise UsageError(f"there is no file {persons_file.name}: one person identifier per line is expected")
    asked = sorted({line.strip() for line in persons_file.read_text(encoding="utf-8-sig").splitlines() if line.strip()})
    if not asked:
        raise UsageError(f"{persons_file.name} names nobody: one person identifier per line is expected")
    identifiers = lake_identifiers(settings, asked)
    note = read_note(settings.paths)
    note.forgotten = sorted(set(note.forgotten) | {fingerprint(value) for value in identifiers})
    write_atomically(settings.paths.lake / NOTE, note.model_dump_json())
    (settings.paths.lake / NOTE).chmod(0o600)
    rows_by_feed = {}
    for feed, contract in load_contracts().items():
        if contract.person is None or feed == "opt_outs":
            continue
        rows_by_feed[feed] = sum(
            drop_persons(settings, manifest, identifiers) for manifest in every_version(settings.paths, feed)
        )
    return finish(settings, RetentionReceipt(
        action="forget", rows_removed=sum(rows_by_feed.values()), rows_by_feed=kept(rows_by_feed), persons_asked=len(asked)
    ))  # fmt: skip


def purge(settings: Settings, before: str) -> RetentionReceipt:
    """Remove coverage months before `before` (YYYY-MM) of patient-level feeds from the lake."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", before):
        raise UsageError(f"{before!r} is not a month: YYYY-MM is expected")
    note = read_note(settings.paths)
    note.first_month_kept = max(before, note.first_month_kept or before)
    write_atomically(settings.paths.lake / NOTE, note.model_dump_json())
    rows_by_feed = {}
    for feed, contract in load_contracts().items():
        if contract.is_patient_level:
            rows_by_feed[feed] = sum(
                drop_months(manifest, settings.paths, before) for manifest in every_version(settings.paths, feed)
            )
    return finish(settings, RetentionReceipt(
        action="purge", rows_removed=sum(rows_by_feed.values()), rows_by_feed=kept(rows_by_feed), before=before
    ))  # fmt: skip


def kept(rows_by_feed: dict[str, int]) -> dict[str, int]:
    return {feed: rows for feed, rows in sorted(rows_by_feed.items()) if rows}


def every_version(home: Home, feed: str) -> list[Manifest]:
    names = sorted(path.name.removeprefix("delivery=") for path in (home.lake / feed).glob("delivery=*"))
    return [manifest for name in names for manifest in manifests.versions(home, feed, name)]


def drop_persons(settings: Settings, manifest: Manifest, identifiers: list[str]) -> int:
    folder = manifest.folder(settings.paths)
    removed = 0
    with duckdb.connect(config={"threads": settings.threads, "memory_limit": settings.memory_limit}) as connection:
        connection.execute("create table gone (person_id varchar)")
        connection.executemany("insert into gone values (?)", [[value] for value in identifiers])
        for path in sorted(folder.glob("coverage_month=*/*.parquet")):
            rows = connection.execute(
                f"select count(*) from read_parquet({literal(path)}, hive_partitioning = false) "
                "where person_id in (from gone)"
            ).fetchone()
            if not rows or not rows[0]:
                continue
            removed += rows[0]
            temporary = path.with_name(f".{path.name}.tmp")
            connection.execute(
                f"copy (select * from read_parquet({literal(path)}, hive_partitioning = false) "
                f"where person_id is null or person_id not in (from gone)) to {literal(temporary)} "
                "(format parquet, compression zstd)"
            )
            temporary.replace(path)
    if removed:
        rewrite_manifest(settings.paths, manifest, "forgotten", removed)
    return removed


def drop_months(manifest: Manifest, home: Home, before: str) -> int:
    old = [month for month in manifest.coverage if month != "undated" and month < before]
    removed = sum(manifest.coverage[month] for month in old)
    for month in old:
        shutil.rmtree(manifest.folder(home) / f"coverage_month={month}", ignore_errors=True)
    if removed:
        rewrite_manifest(home, manifest, "purged", removed)
    return removed


def rewrite_manifest(home: Home, manifest: Manifest, rule: str, removed: int) -> None:
    """Bring the version's own account in line with what is left of it."""
    contract = load_contracts()[manifest.feed]
    folder = manifest.folder(home)
    parquet = sorted(folder.glob("coverage_month=*/*.parquet"))
    with duckdb.connect() as connection:
        coverage, first_date, last_date = write_coverage(connection, contract, folder, parquet)
        write_codes(connection, contract, folder, parquet)
        write_profile(connection, contract, folder, parquet)
    changed = manifest.model_copy(
        update={
            "rows_loaded": manifest.rows_loaded - removed,
            "rows_removed": {**manifest.rows_removed, rule: manifest.rows_removed.get(rule, 0) + removed},
            "coverage": coverage,
            "first_date": first_date,
            "last_date": last_date,
            "parquet": {
                str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in parquet
            },
        }
    )
    write_atomically(folder / manifests.MANIFEST, changed.model_dump_json(indent=1))


def finish(settings: Settings, receipt: RetentionReceipt) -> RetentionReceipt:
    folder = settings.paths.logs / "retention"
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("*.json"))) + 1
    receipt.receipt_file = f"logs/retention/{number:04d}-{receipt.action}.json"
    write_atomically(settings.paths.root / receipt.receipt_file, json.dumps(receipt.model_dump(mode="json"), indent=1))
    return receipt
