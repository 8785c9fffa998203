"""Removal by request (`forget`) and by age (`purge`) from everything that was made from landing.

Both write down what is asked (`retention_note`), then make a version without the rows of every version in force and delete the old ones.
`obey` does that; every ingest calls it first, so what a killed command left undone is done by the next. What is built from the lake goes
with them: the next refresh builds it anew. Landing itself is the deliverer's and is never touched. Releases hold no rows about people, but
those made before can no longer be rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

import duckdb
from filelock import FileLock
from pydantic import BaseModel

from orchestration.contracts import FeedContract, load_contracts
from orchestration.foundation.errors import UsageError
from orchestration.foundation.files import sync, sync_tree, write_atomically
from orchestration.foundation.hashes import file_hashes, hash_bytes
from orchestration.foundation.settings import Home, Settings
from orchestration.foundation.sql import literal
from orchestration.lake import manifest as manifests
from orchestration.lake import privacy
from orchestration.lake.frames import write_codes, write_coverage, write_profile
from orchestration.lake.manifest import Manifest
from orchestration.lake.persons_list import read_persons
from orchestration.lake.retention_note import RECEIPTS, RetentionNote, read_note, write_note
from orchestration.lake.rows import PARQUET


class RetentionReceipt(BaseModel):
    """What was removed, by feed. `persons_asked` and `persons_found` are counts; nobody is named.

    `rows_left_out_by_feed`: what the versions in force are made without, of all that was ever forgotten or purged. A removal that was
    stopped half way and given again removes only the rest, but both parts stand here.
    """

    action: str
    rows_removed: int
    rows_by_feed: dict[str, int]
    rows_left_out_by_feed: dict[str, int] = {}
    persons_asked: int = 0
    persons_found: int = 0
    before: str | None = None
    consequence: str = "releases made before this can no longer be rebuilt from the lake; landing still holds the files"
    receipt_file: str = ""


def fingerprint(identifier: str) -> str:
    return hash_bytes(identifier.casefold().encode())


def forms_of(settings: Settings, person: str) -> set[str]:
    """Every form an identifier may have in the lake, in small letters: as delivered, in a named space, or keyed-hashed."""
    forms = {person.casefold()}
    if settings.person_hash_key is not None and settings.person_hash_key.get_secret_value():
        inner, outer = privacy.hash_pads(settings)
        for value in (person, person.upper(), person.lower()):
            once = hashlib.sha256((inner + value).encode()).hexdigest()
            forms.add(hashlib.sha256((outer + once).encode()).hexdigest())
    spaces = set(settings.person_id_spaces.values())
    for contract in load_contracts().values():
        named = contract.person.spaces.values() if contract.person else ()
        spaces |= {space for space in (contract.person_id_space, *named) if space}
    return forms | {f"{space.casefold()}:{form}" for space in spaces for form in forms}


def forget(settings: Settings, persons_file: Path) -> RetentionReceipt:
    """Remove the persons of a list from every patient-level feed in the lake. Raises `UsageError` when it names nobody who is there."""
    asked = {person: forms_of(settings, person) for person in read_persons(persons_file)}
    home, note = settings.paths, read_note(settings.paths)
    in_lake = persons_in_lake(settings, {form for forms in asked.values() for form in forms})
    gone_before = set(note.forgotten)
    found = sum(1 for forms in asked.values() if forms & in_lake or any(fingerprint(f) in gone_before for f in forms))
    if not found:
        raise UsageError(
            f"{persons_file.name}: none of its {len(asked):,} identifiers is in the lake, so nobody was forgotten; "
            "the list must hold the pseudonyms of the deliveries (or the local identifiers that were hashed on the way in)"
        )
    note.forgotten = sorted(gone_before | {fingerprint(form) for forms in asked.values() for form in forms})
    write_note(home, note)
    return finish(
        settings, "forget", obey(settings, load_contracts()), persons_asked=len(asked), persons_found=found
    )  # fmt: skip


def purge(settings: Settings, before: str) -> RetentionReceipt:
    """Remove coverage months before `before` (YYYY-MM) of patient-level feeds from the lake."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", before):
        raise UsageError(f"{before!r} is not a month: YYYY-MM is expected")
    note = read_note(settings.paths)
    note.first_month_kept = max(before, note.first_month_kept or before)
    write_note(settings.paths, note)
    return finish(settings, "purge", obey(settings, load_contracts()), before=before)


def persons_in_lake(settings: Settings, forms: set[str]) -> set[str]:
    """Which of these forms stand in a version in force."""
    home = settings.paths
    files = [
        path
        for feed, contract in load_contracts().items()
        if contract.person and feed != "opt_outs"
        for delivery in manifests.deliveries_of(home, feed)
        if (folder := manifests.current_folder(home, feed, delivery))
        for path in folder.glob("coverage_month=*/*.parquet")
    ]
    if not files:
        return set()
    listed = ", ".join(literal(path) for path in sorted(files))
    with working(settings) as connection:
        connection.execute("create table asked as select unnest(?::varchar[]) as form", [sorted(forms)])
        rows = f"select distinct lower(person_id) as form from read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
        return {
            form for (form,) in connection.execute(f"select form from ({rows}) semi join asked using (form)").fetchall()
        }


def obey(settings: Settings, feeds: Iterable[str]) -> dict[str, int]:
    """Bring every version of these feeds in line with the note; gives the rows removed by feed. Does nothing where that is done."""
    note, contracts = read_note(settings.paths), load_contracts()
    removed = {
        feed: sum(
            obey_in(settings, contracts[feed], delivery, note)
            for delivery in manifests.deliveries_of(settings.paths, feed)
        )
        for feed in feeds
    }
    return {feed: rows for feed, rows in sorted(removed.items()) if rows}


def obey_in(settings: Settings, contract: FeedContract, delivery: str, note: RetentionNote) -> int:
    home, asked = settings.paths, note.asks_of(contract)
    folder = manifests.delivery_folder(home, contract.feed, delivery)
    # where nothing is asked any more, the rows are in landing and not in a version that was made without them
    if asked is None or all(
        manifest.made_from.retention == asked for manifest in manifests.versions(home, contract.feed, delivery)
    ):
        return 0
    with FileLock(folder / ".lock"):
        in_force = manifests.current(home, contract.feed, delivery)
        removed = 0
        if in_force is not None and in_force.made_from.retention != asked:
            remove_built(home)
            made = without(settings, contract, in_force, note)
            manifests.point_to(home, made)
            removed = in_force.rows_loaded - made.rows_loaded
        for version in manifests.version_folders(home, contract.feed, delivery):
            held = manifests.read_manifest(version)
            if held is None or held.made_from.retention != asked:
                remove_folder(version)
    return removed


def remove_built(home: Home) -> None:
    """What was built from the rows that go: the warehouse's file keeps deleted rows in its free blocks, so it goes as a whole."""
    for path in (home.warehouse_file, home.inputs_file):
        for each in (path, path.with_name(f"{path.name}.wal")):
            each.unlink(missing_ok=True)
    shutil.rmtree(home.spill, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Hidden first, under a name that the next ingest sweeps: nobody sees half a version."""
    doomed = folder.with_name(f".building-gone-{uuid.uuid4().hex[:8]}")
    folder.rename(doomed)
    shutil.rmtree(doomed)


def without(settings: Settings, contract: FeedContract, manifest: Manifest, note: RetentionNote) -> Manifest:
    """A new version: the rows of an old one that the note lets stay."""
    home = settings.paths
    old = manifest.folder(home)
    parent = manifests.delivery_folder(home, contract.feed, manifest.delivery)
    numbers = [
        manifests.number_of(folder) for folder in manifests.version_folders(home, contract.feed, manifest.delivery)
    ]
    work = parent / f".building-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    work.mkdir(mode=0o700)
    try:
        removed: dict[str, int] = {}
        with working(settings) as connection:
            connection.execute("create table gone as select unnest(?::varchar[]) as fingerprint", [note.forgotten])
            for path in sorted(old.glob("coverage_month=*/*.parquet")):
                target = work / path.relative_to(old)
                target.parent.mkdir(exist_ok=True)
                rule, rows = keep_rows(connection, contract, note, path, target)
                if rows:
                    removed[rule] = removed.get(rule, 0) + rows
                if not any(target.parent.iterdir()):
                    target.parent.rmdir()
            parquet = sorted(work.glob("coverage_month=*/*.parquet"))
            coverage, first_date, last_date = write_coverage(connection, contract, work, parquet)
            write_codes(connection, contract, work, parquet)
            write_profile(connection, contract, work, parquet)
        hashes = file_hashes(home)
        made = manifest.model_copy(
            update={
                "version": max(numbers) + 1,
                "made_from": manifest.made_from.model_copy(update={"retention": note.asks_of(contract)}),
                "rows_loaded": manifest.rows_loaded - sum(removed.values()),
                "rows_removed": {
                    rule: manifest.rows_removed.get(rule, 0) + removed.get(rule, 0)
                    for rule in sorted(manifest.rows_removed.keys() | removed.keys())
                },
                "coverage": coverage,
                "first_date": first_date,
                "last_date": last_date,
                "parquet": {
                    path.relative_to(work).as_posix(): hashes.of(path) for path in sorted(work.rglob("*.parquet"))
                },
            }
        )
        (work / manifests.MANIFEST).write_text(made.text(), encoding="utf-8")
        keep_quarantine(home, manifest, made)
        sync_tree(work)
        work.rename(made.folder(home))
        sync(parent)
        return made
    finally:
        shutil.rmtree(work, ignore_errors=True)


def keep_rows(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, note: RetentionNote, path: Path, target: Path
) -> tuple[str, int]:
    """One file of a month into the new version; gives under which rule how many rows were left out."""
    source = f"read_parquet({literal(path)}, hive_partitioning = false)"
    month = path.parent.name.removeprefix("coverage_month=")
    if contract.is_patient_level and note.first_month_kept and month != "undated" and month < note.first_month_kept:
        return "purged", connection.execute(f"select count(*) from {source}").fetchall()[0][0]
    is_gone = "sha256(lower(person_id)) in (select fingerprint from gone)"
    rows = 0
    if contract.person and contract.feed != "opt_outs" and note.forgotten:
        rows = connection.execute(f"select count(*) from {source} where {is_gone}").fetchall()[0][0]
    if not rows:
        try:
            os.link(path, target)
        except OSError:  # a file system without links
            shutil.copy2(path, target)
    else:
        kept = f"select * from {source} where person_id is null or not {is_gone}"
        if connection.execute(f"select 1 from ({kept}) limit 1").fetchone():
            connection.execute(f"copy ({kept}) to {literal(target)} ({PARQUET})")
    return "forgotten", rows


def keep_quarantine(home: Home, old: Manifest, made: Manifest) -> None:
    """Lines and reasons of quarantined rows, which hold no value, are those of the version before."""
    folder = home.lake / "quarantine" / old.feed / f"delivery={old.delivery}"
    if (kept := folder / f"version={old.version}.parquet").exists():
        shutil.copy2(kept, folder / f"version={made.version}.parquet")


def working(settings: Settings) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": settings.threads, "memory_limit": settings.memory_limit})
    connection.execute("set enable_progress_bar = false")
    return connection


def rows_left_out(home: Home) -> dict[str, int]:
    """By feed, in the versions in force."""
    left_out: dict[str, int] = {}
    for feed in load_contracts():
        for delivery in manifests.deliveries_of(home, feed):
            if in_force := manifests.current(home, feed, delivery):
                rows = sum(in_force.rows_removed.get(rule, 0) for rule in ("forgotten", "purged"))
                left_out[feed] = left_out.get(feed, 0) + rows
    return {feed: rows for feed, rows in sorted(left_out.items()) if rows}


def finish(settings: Settings, action: str, rows_by_feed: dict[str, int], **more: object) -> RetentionReceipt:
    folder = settings.paths.logs / RECEIPTS
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("*.json"))) + 1
    receipt = RetentionReceipt.model_validate(
        {
            "action": action,
            "rows_removed": sum(rows_by_feed.values()),
            "rows_by_feed": rows_by_feed,
            "rows_left_out_by_feed": rows_left_out(settings.paths),
            "receipt_file": f"logs/{RECEIPTS}/{number:04d}-{action}.json",
            **more,
        }
    )
    write_atomically(settings.paths.root / receipt.receipt_file, json.dumps(receipt.model_dump(mode="json"), indent=1))
    return receipt
