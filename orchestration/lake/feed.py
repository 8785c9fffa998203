"""One feed of one delivery: landing → typed Parquet in the lake, with quarantine, profile and manifest.

The rows stream through DuckDB: text into a temporary table of typed rows (its rowid is the row's number in the file; what
the memory limit does not hold DuckDB keeps on disk), outcomes of the rows that are not plain data into a small table,
everything else straight to Parquet. A version of the lake appears by one rename of a finished folder, so a killed run
leaves the old version or the new one.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import duckdb
from filelock import FileLock

from orchestration.contracts import FeedContract, load_contracts
from orchestration.foundation.code_version import files_fingerprint
from orchestration.foundation.errors import DeliveryRefused, IntMartsError, UsageError
from orchestration.foundation.files import sync, sync_tree, write_atomically
from orchestration.foundation.hashes import file_hashes
from orchestration.foundation.machine import machine_fault
from orchestration.foundation.settings import PROJECT_ROOT, Home, Settings
from orchestration.lake import manifest as manifests
from orchestration.lake import privacy
from orchestration.lake.frames import write_codes, write_coverage, write_profile
from orchestration.lake.loading import LoadedTable, load_sources
from orchestration.lake.manifest import FileManifest, MadeFrom, Manifest
from orchestration.lake.outcomes import find_outcomes, locate_quarantined, still_there
from orchestration.lake.reasons import OF_THE_WHOLE_FILE, what_to_send
from orchestration.lake.retention_note import read_note
from orchestration.lake.rows import write_quarantine, write_rows
from orchestration.lake.typing_sql import LOCAL_ZONE
from orchestration.landing.deliveries import Delivery, list_deliveries
from orchestration.landing.source import refuse
from orchestration.landing.source_files import open_sources
from orchestration.landing.withdrawals import read_withdrawals

log = logging.getLogger(__name__)

# Modules of the lake that decide nothing about what stands in a version: a change in them reads no file again.
NOT_READING = {"check.py", "persons_list.py", "retention.py", "whole_delivery.py"}
MOST_ROWS = 0.5
# What a spreadsheet did to more rows than this it did to others where nothing shows it.
MOST_ROWS_CHANGED = 0.001
LINES_TOLD = 1000


class OptOuts(NamedTuple):
    """The opt-out list that applies to a delivery: the newest one up to it."""

    manifest: Manifest
    files: list[Path]


def ingest_feed(settings: Settings, delivery: Delivery, feed: str) -> Manifest | None:
    """Bring one feed of one delivery into the lake; a known file under the same contract is never read again.

    Returns `None` when the delivery does not hold the feed. Raises `DeliveryRefused` with one clear line, and leaves it in
    `logs/refused/<delivery>.json`; `UsageError` when a key is needed and missing.
    """
    require_known_feeds(settings)
    if feed not in delivery.files:
        return None
    home = settings.paths
    home.create()
    contract = load_contracts()[feed]
    try:
        refuse_problems(delivery)
        opt_outs = opt_outs_for(settings, delivery, contract)
        folder = manifests.delivery_folder(home, feed, delivery.name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / ".lock"):
            return ingest_locked(settings, delivery, contract, opt_outs)
    except DeliveryRefused as refusal:
        record_refusal(home, delivery.name, refusal)
        raise
    except duckdb.Error as error:
        # DuckDB's own words may hold a value from the file, so only the kind of fault is told.
        unforeseen = IntMartsError(f"reading {feed} of {delivery.name} failed in the engine ({type(error).__name__})")
        raise machine_fault(error) or unforeseen from None


def require_known_feeds(settings: Settings) -> None:
    """Raises `UsageError` for a setting that names no feed: what it was to ask for or to hash would silently not be."""
    for setting in ("required_feeds", "local_identifier_feeds", "person_id_spaces"):
        named = [feed for group in getattr(settings, setting) for feed in group.split("|")]
        if unknown := [feed for feed in named if feed not in load_contracts()]:
            raise UsageError(f"setting {setting} names {unknown[0]!r}, which is no feed")


def refuse_problems(delivery: Delivery) -> None:
    if delivery.problems:
        raise DeliveryRefused(
            f"delivery {delivery.name}: {delivery.problems[0]}", [{"reason": problem} for problem in delivery.problems]
        )


def record_refusal(home: Home, delivery: str, refusal: DeliveryRefused) -> None:
    body = {"delivery": delivery, "message": str(refusal), "problems": refusal.problems}
    write_atomically(home.logs / "refused" / f"{delivery}.json", json.dumps(body, indent=1))


def opt_outs_for(settings: Settings, delivery: Delivery, contract: FeedContract) -> OptOuts | None:
    """By the same rule as what is live: no list that somebody withdrew."""
    if contract.person is None or contract.feed == "opt_outs":
        return None
    deliveries = list_deliveries(settings.paths)
    landed = [item for item in deliveries if item.name <= delivery.name and "opt_outs" in item.files]
    if landed:
        ingest_feed(settings, landed[-1], "opt_outs")
    lists = manifests.in_force_up_to(
        settings.paths, "opt_outs", delivery.name, deliveries, read_withdrawals(settings.paths)
    )
    if not lists:
        return None
    manifest = lists[-1]
    return OptOuts(manifest, sorted(manifest.folder(settings.paths).glob("coverage_month=*/*.parquet")))


def ingest_locked(settings: Settings, delivery: Delivery, contract: FeedContract, opt_outs: OptOuts | None) -> Manifest:
    home = settings.paths
    folder = manifests.delivery_folder(home, contract.feed, delivery.name)
    for abandoned in folder.glob(".building-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    hashes = file_hashes(home)
    landed = {file.relative_name: hashes.of(file.path) for file in delivery.files[contract.feed]}
    wanted = made_from(settings, delivery, contract, landed, opt_outs)
    found = manifests.versions(home, contract.feed, delivery.name)
    known = next((manifest for manifest in reversed(found) if manifest.made_from == wanted), None)
    if known is not None and (differing := manifests.verify_version(known.folder(home))):
        log.warning("%s of %s is read again: %s of its version %d changed", contract.feed, delivery.name,
            ", ".join(differing[:3]), known.version)  # fmt: skip
        known = None
    if known is None:
        known = build_version(settings, delivery, contract, wanted, opt_outs)
    hashes.save()
    manifests.point_to(home, known)
    return known


def made_from(
    settings: Settings, delivery: Delivery, contract: FeedContract, landed: dict[str, str], opt_outs: OptOuts | None
) -> MadeFrom:
    return MadeFrom(
        code=reading_code(),
        contract_version=contract.version,
        landed=dict(sorted(landed.items())),
        data_cut=str(delivery.data_cut),
        coverage_from=str(delivery.coverage_from),
        opt_outs_key=opt_outs.manifest.content_key if opt_outs else None,
        person_id_space=settings.person_id_spaces.get(contract.feed),
        person_key=privacy.key_fingerprint(settings, contract.feed) or None,
        retention=read_note(settings.paths).asks_of(contract),
    )


@lru_cache(maxsize=1)
def reading_code() -> str:
    """Fingerprint of the code that decides what stands in a version."""
    rooms = (PROJECT_ROOT / "orchestration" / room for room in ("contracts", "landing", "lake"))
    return files_fingerprint(
        sorted(path for room in rooms for path in room.rglob("*.py") if path.name not in NOT_READING)
    )


@contextmanager
def connected(config: dict[str, str | bool | int | float | list[str]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Raises `UsageError` when the settings are none that the engine knows: not the delivery's fault."""
    try:
        connection = duckdb.connect(":memory:", config=config)
    except duckdb.Error:
        raise UsageError("setting memory_limit or threads is not one that the engine accepts") from None
    with connection:
        yield connection


def build_version(
    settings: Settings,
    delivery: Delivery,
    contract: FeedContract,
    made: MadeFrom,
    opt_outs: OptOuts | None,
) -> Manifest:
    home = settings.paths
    folder = manifests.delivery_folder(home, contract.feed, delivery.name)
    there = manifests.version_folders(home, contract.feed, delivery.name)
    version = manifests.number_of(there[-1]) + 1 if there else 1
    if there:
        log.warning("%s of %s has new content: version %d", contract.feed, delivery.name, version)
    work = folder / f".building-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    work.mkdir(mode=0o700)
    try:
        finished = work / "version"
        finished.mkdir()
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": settings.threads_for(*(file.path for file in delivery.files[contract.feed])),
            "memory_limit": settings.memory_limit,
            "temp_directory": str(work / "spill"),
            "preserve_insertion_order": True,
        }
        # In memory whatever its size: what DuckDB puts aside beyond its limit is written faster than a table of a file.
        with connected(config) as connection:
            # Without a script file (`python -c`) DuckDB takes the process for a console and draws on its output.
            connection.execute("set enable_progress_bar = false")
            # Moments of a Parquet file as text: the same on every host.
            connection.execute(f"set TimeZone = '{LOCAL_ZONE}'")
            manifest = ingest_into(connection, settings, delivery, contract, made, version, opt_outs, finished, work)
        require_unchanged(home, delivery, contract, made)
        target = manifests.version_folder(home, contract.feed, delivery.name, version)
        publish_quarantine(home, manifest, work / "quarantine.parquet")
        (finished / manifests.MANIFEST).write_text(manifest.text(), encoding="utf-8")
        sync_tree(finished)
        finished.rename(target)
        sync(folder)
        return manifest
    finally:
        shutil.rmtree(work, ignore_errors=True)


def require_unchanged(home: Home, delivery: Delivery, contract: FeedContract, made: MadeFrom) -> None:
    """What was hashed is what was read: a file that is still being copied is refused."""
    for file in delivery.files[contract.feed]:
        if file_hashes(home).of(file.path) != made.landed[file.relative_name]:
            raise refuse(
                file.relative_name, "the file changed while it was read", "wait until it is whole, then refresh again"
            )


def publish_quarantine(home: Home, manifest: Manifest, made: Path) -> None:
    folder = home.lake / "quarantine" / manifest.feed / f"delivery={manifest.delivery}"
    target = folder / f"version={manifest.version}.parquet"
    if made.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made.replace(target)
    else:
        target.unlink(missing_ok=True)


def ingest_into(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    delivery: Delivery,
    contract: FeedContract,
    made: MadeFrom,
    version: int,
    opt_outs: OptOuts | None,
    finished: Path,
    work: Path,
) -> Manifest:
    is_hashed = privacy.needs_hashing(settings, contract.feed)
    if is_hashed:
        inner, outer = privacy.hash_pads(settings)
        connection.execute("set variable inner_key = ?", [inner])
        connection.execute("set variable outer_key = ?", [outer])
    sources = (
        source
        for file in delivery.files[contract.feed]
        for source in open_sources(file, made.landed[file.relative_name], contract, work)
    )
    space = settings.person_id_spaces.get(contract.feed)
    tables = load_sources(connection, contract, delivery, sources, work, space, is_hashed)
    opt_out_files = opt_outs.files if opt_outs else []
    find_outcomes(connection, contract, tables, opt_out_files, read_note(settings.paths))
    locate_quarantined(connection, contract, tables)
    refuse_hopeless(connection, tables)
    write_rows(connection, contract, delivery, tables, finished)
    parquet = sorted(finished.glob("coverage_month=*/*.parquet"))
    coverage, first_date, last_date = write_coverage(connection, contract, finished, parquet)
    write_codes(connection, contract, finished, parquet)
    write_profile(connection, contract, finished, parquet)
    write_quarantine(connection, work / "quarantine.parquet")
    files, hashes = file_manifests(connection, tables), file_hashes(settings.paths)
    for file_counts in files:
        check_conservation(file_counts)
    removed: dict[str, int] = {}
    for file_counts in files:
        for rule, rows in file_counts.rows_removed.items():
            removed[rule] = removed.get(rule, 0) + rows
    manifest = Manifest(
        feed=contract.feed,
        delivery=delivery.name,
        version=version,
        made_from=made,
        person_id_space=next((table.space for table in tables if table.space), None),
        rows_read=sum(file.rows_read for file in files),
        rows_loaded=sum(file.rows_loaded for file in files),
        rows_quarantined=sum(file.rows_quarantined for file in files),
        rows_removed=dict(sorted(removed.items())),
        values_nulled=count_nulled(connection, tables),
        coverage=coverage,
        first_date=first_date,
        last_date=last_date,
        parquet={
            path.relative_to(finished).as_posix(): hashes.of(path) for path in sorted(finished.rglob("*.parquet"))
        },
        files=files,
    )
    if sum(coverage.values()) != manifest.rows_loaded:
        raise IntMartsError(f"{contract.feed} of {delivery.name}: the lake does not hold the rows that were counted")
    return manifest


def check_conservation(counts: FileManifest) -> None:
    removed = sum(counts.rows_removed.values())
    if counts.rows_read != counts.rows_loaded + counts.rows_quarantined + removed:
        raise IntMartsError(f"{counts.file}: rows read are not rows loaded + quarantined + removed")


def refuse_hopeless(connection: duckdb.DuckDBPyConnection, tables: list[LoadedTable]) -> None:
    """When most rows of a file break one rule, the file is wrong, not its rows; the refusal names the rows all the same."""
    found = connection.execute(
        "select source, column_name, reason, count(*), list(line order by line) from quarantined "
        "group by source, column_name, reason order by 1, 4 desc, 2, 3"
    ).fetchall()
    for number, column, reason, rows, lines in found:
        table = tables[number]
        limit = MOST_ROWS_CHANGED if reason in OF_THE_WHOLE_FILE else MOST_ROWS
        if rows > limit * table.rows_read:
            what = f"column {column}: {reason}" if column else reason
            refusal = refuse(
                table.source.label,
                f"{what} in {rows:,} of {table.rows_read:,} rows",
                what_to_send(reason),
                line=lines[0],
            )
            refusal.problems[0] |= {"column": column, "rows": rows, "lines": lines[:LINES_TOLD]}
            raise refusal


def file_manifests(connection: duckdb.DuckDBPyConnection, tables: list[LoadedTable]) -> list[FileManifest]:
    """One account per table, from one look at the outcomes of all."""
    outcomes: dict[int, dict[str, dict[str, int]]] = {}
    for source, kind, rule, rows in connection.execute(
        "select source, kind, rule, count(*) from outcomes group by source, kind, rule order by source, kind, rule"
    ).fetchall():
        outcomes.setdefault(source, {}).setdefault(kind, {})[rule] = rows
    quarantined = dict(connection.execute("select source, count(*) from quarantined group by source").fetchall())
    return [file_manifest(table, outcomes.get(table.number, {}), quarantined.get(table.number, 0)) for table in tables]


def file_manifest(table: LoadedTable, outcomes: dict[str, dict[str, int]], quarantined: int) -> FileManifest:
    removed = dict(outcomes.get("removed", {}))
    for rule, rows in (("blank_row", table.blank_lines), ("above_header", table.layout.rows_above)):
        if rows:
            removed[rule] = removed.get(rule, 0) + rows
    return FileManifest(
        file=table.source.label,
        sha256=table.source.sha256,
        rows_read=table.rows_read + table.layout.rows_above,
        rows_loaded=table.rows_in_table - sum(sum(rules.values()) for rules in outcomes.values()),
        rows_quarantined=quarantined,
        rows_removed=removed,
        encoding=table.source.facts.encoding,
        delimiter={",": "comma", "|": "pipe", "\t": "tab"}.get(table.layout.delimiter, "none"),
        header_vintage=table.layout.vintage,
        assumptions=[*table.source.assumptions, *table.layout.assumptions],
    )


def count_nulled(connection: duckdb.DuckDBPyConnection, tables: list[LoadedTable]) -> dict[str, int]:
    """Values that were there and are null in the lake: sentinels for invalid, impossible ages, unreadable dates."""
    names = list(dict.fromkeys(name for table in tables for name in table.sql.nulled))
    if not names:
        return {}
    parts = []
    for table in tables:
        bits = {name: bit for bit, name in enumerate(table.sql.nulled)}
        found = [f"row_nulled & {1 << bits[name]} <> 0" if name in bits else "false" for name in names]
        facts = ", ".join(f"{one} as n{number}" for number, one in enumerate(found))
        parts.append(still_there(connection, [table], facts, "row_nulled <> 0"))
    counts = ", ".join(f"count(*) filter (n{number})" for number in range(len(names)))
    counted = connection.execute(f"select {counts} from ({' union all '.join(parts)})").fetchone() or ()
    return {name: count for name, count in sorted(zip(names, counted, strict=True)) if count}
