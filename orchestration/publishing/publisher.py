"""From an open gate to a release: built in a hidden folder, verified, installed, and only then current.

Order of the last steps, each one rename: public folder, internal folder, public `current`, internal `current`. A process killed
between two of them leaves complete releases only; `repair` finishes or removes what it left when the next publication starts.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.build.seal import Seal, changed_since_sealed
from orchestration.foundation import code_version
from orchestration.foundation.errors import GateShut, IntMartsError, VerifyDiffers
from orchestration.foundation.hashes import hash_json
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import TableFacts, open_database
from orchestration.gate import Verdict, judge, tell_gate_is_shut
from orchestration.landing.deliveries import find_delivery
from orchestration.publishing import pages, public
from orchestration.publishing.build import Build, read_build
from orchestration.publishing.dictionary import read_dictionary
from orchestration.publishing.marts import comment, copy_marts, write_parquet, writer
from orchestration.publishing.plan import Plan, checks_by_state, release_facts, title_facts, write_words
from orchestration.publishing.release_tables import (
    RestatementContext,
    write_changes_csv,
    write_data_quality,
    write_release_info,
    write_restatements,
)
from orchestration.publishing.schema_history import require_stable_schema
from orchestration.publishing.workbook import write_workbook
from orchestration.releases.listing import Release, check_folder, find_release, previous_release, stores
from orchestration.releases.public_ledger import LedgerBroken, PublicLedger
from orchestration.releases.receipt import (
    DATABASE_NAME,
    SCHEMA_VERSION,
    Disclosure,
    Profile,
    ReleaseReceipt,
    file_hashes,
)
from orchestration.releases.retention import tidy
from orchestration.releases.store import ReleaseId
from orchestration.releases.tables import attach, table_facts

log = logging.getLogger(__name__)

# Written here, so a table of the same name in the warehouse would be a mistake and is not copied.
OWN_TABLES = ("marts.data_quality", "marts.restatements", "marts.release_info")


@dataclass(frozen=True)
class Publication:
    """The release that now stands for these inputs and this code; `is_new` is False when it already stood."""

    release: Release
    is_new: bool


def publish_delivery(settings: Settings, delivery_name: str) -> Publication:
    """The gate and the release from what is built. Raises `GateShut` with the names of the checks that hold it shut."""
    delivery = find_delivery(settings.paths, delivery_name)
    verdict = judge(settings, delivery)
    if not verdict.is_open:
        tell_gate_is_shut(settings, verdict)
    return publish(settings, delivery, verdict)


def publish(settings: Settings, delivery: Any, verdict: Verdict) -> Publication:
    """Make the release of what is in the warehouse; the caller holds the home lock.

    `delivery` is a `Delivery` or its name. Raises `GateShut` when the verdict is not open, when the warehouse was built for another
    delivery, or when a mart is not the one that was judged; `VerifyDiffers` when what was written does not read back.
    """
    name = delivery if isinstance(delivery, str) else delivery.name
    verdict.require_open()
    if verdict.delivery != name:
        raise GateShut(f"the gate judged delivery {verdict.delivery}, not {name}")
    build = read_build(settings)
    if build.delivery != name:
        raise GateShut(
            f"the warehouse holds a build for delivery {build.delivery}, not {name}: run `int-marts refresh {name}`"
        )
    settings.paths.create()
    settings.paths.releases_public.mkdir(parents=True, exist_ok=True)
    repair(settings)

    sealed = require_judged(settings, verdict)
    tables = {relation: facts for relation, facts in sealed.tables.items() if relation not in OWN_TABLES}
    waivers = [waiver.model_dump(mode="json") for waiver in verdict.waivers]
    build_key = key_of_build(settings, build, tables, verdict, waivers)
    by_profile = stores(settings)
    last = by_profile["internal"].newest(of_delivery=name)
    if last is not None and _stands(settings, last, build_key):
        return Publication(find_release(settings, str(last)), False)

    used = [number for store in by_profile.values() for number in store.numbers_used(name)]
    plan = Plan(
        release=ReleaseId(name, max(used, default=0) + 1),
        previous=previous_release(settings, lambda earlier: earlier <= name),
        build=build,
        build_key=build_key,
        build_id=sealed.build_id,
        verdict=verdict,
        waivers=waivers,
        dictionary=read_dictionary(settings),
    )
    ledger, withheld, earlier = PublicLedger(settings), "", []
    try:
        earlier = public.earlier_publications(settings)
    except LedgerBroken as broken:
        withheld = str(broken)
        reporter().warn(f"nothing public is published with {plan.release}: {withheld}")
    with ExitStack() as stack:
        built = {profile: stack.enter_context(store.building(plan.release)) for profile, store in by_profile.items()}
        changes = write_internal(settings, plan, built["internal"], list(tables))
        # the pictures are drawn in other processes and DuckDB reads back by itself: meanwhile this one protects the public profile
        with ThreadPoolExecutor(2) as beside:
            drawn = beside.submit(write_pages, settings, plan, built["internal"])
            read_back = beside.submit(read_written, settings, built["internal"], "internal", sealed)
            disclosure, entry = Disclosure(cells=0, suppressed=0), ""
            if not withheld:
                disclosure, publication = public.write_public(
                    settings, plan, earlier, built["internal"], built["public"]
                )
            drawn.result()
        written = read_back.result()
        require_copied(tables, written)
        if not withheld:
            shown = read_written(settings, built["public"], "public")
            _seal(plan, built["public"], "public", shown, disclosure.outside())
            check_folder(built["public"], "public")
            # Before anybody can see it: what the ledger does not know of would be forgotten.
            entry = ledger.append(str(plan.release), public.as_shown(publication))
        _seal(plan, built["internal"], "internal", written, disclosure, changes, withheld, entry)
        check_folder(built["internal"], "internal")
        if not withheld:
            by_profile["public"].install(built["public"], plan.release)
        by_profile["internal"].install(built["internal"], plan.release)
    move_forward(settings)
    for store in by_profile.values():
        store.prune(settings.releases_kept, made=plan.release)
    for taken in tidy(settings):
        reporter().say(f"removed {taken}")
    log.info("published release %s", plan.release)
    return Publication(find_release(settings, str(plan.release)), True)


def repair(settings: Settings) -> list[str]:
    """Finish or remove what a killed publication left; says what it did. Called by every publication; the home lock is held."""
    by_profile = stores(settings)
    internal, public_store = by_profile["internal"], by_profile["public"]
    done = [f"removed {store.root.name}/{name}" for store in by_profile.values() for name in store.sweep()]
    # A public folder without its internal twin was never current: it is made again, with the same number.
    for release in public_store.complete():
        if release not in internal.complete() and release != public_store.current():
            public_store.remove(release)
            done.append(f"removed {public_store.root.name}/{release}, whose internal twin was never finished")
    done += move_forward(settings)
    for line in done:
        log.warning("after an interrupted publication: %s", line)
    return done


def move_forward(settings: Settings) -> list[str]:
    """Point `current` at the newest complete release, public first; never back, and not past a rollback until a newer one exists.

    The public side goes with the internal one: what a rollback that was stopped had moved of it alone goes back.
    """
    internal, public_store = stores(settings)["internal"], stores(settings)["public"]
    newest, wanted, held_at = internal.newest(), internal.current(), internal.rolled_back_from()
    if newest is None:
        return []
    if wanted is None or (wanted < newest and (held_at is None or held_at < newest)):
        wanted, held_at = newest, None
    shown = max((release for release in public_store.sound() if release <= wanted), default=None)
    moved = []
    for store, release in ((public_store, shown), (internal, wanted)):
        is_there = store.current() == release and store.rolled_back_from() == held_at and store.is_note_in_step()
        if release is not None and not is_there:
            store.point_current(release, held_at)
            moved.append(f"{store.root.name}/current now names {release}")
    return moved


def require_judged(settings: Settings, verdict: Verdict) -> Seal:
    """The sealed build that the gate judged. Raises `GateShut` when a byte of it was written since."""
    if verdict.receipt is None:
        raise GateShut("nothing was checked since the last build: run `int-marts refresh`")
    sealed = verdict.receipt.seal_of_build
    if changed := changed_since_sealed(settings.paths, sealed):
        raise GateShut(f"not what the gate judged: {'; '.join(changed)}; run `int-marts refresh` again")
    return sealed


def key_of_build(
    settings: Settings, build: Build, tables: dict[str, TableFacts], verdict: Verdict, waivers: list[dict[str, Any]]
) -> str:
    """Equal for equal inputs, code, settings that show in a release, and findings: then no new release is made."""
    return hash_json(
        {
            "build": build.model_dump(mode="json"),
            "tables": {name: facts.content_hash for name, facts in tables.items()},
            "findings": sorted(result.model_dump_json() for result in verdict.results),
            "waivers": waivers,
            "code": code_version.code_fingerprint(),
            "packages": code_version.package_versions(),
            "settings": {"restatement_flag_pct": settings.restatement_flag_pct},
        }
    )


def require_copied(judged: dict[str, TableFacts], written: dict[str, TableFacts]) -> None:
    """Raises `VerifyDiffers` when a mart of the written file, read back, is not the one that was judged."""
    differing = sorted(name for name, facts in judged.items() if written.get(name) != facts)
    if differing:
        raise VerifyDiffers(f"copied otherwise than judged: {', '.join(differing)}")


def write_internal(settings: Settings, plan: Plan, folder: Path, judged: list[str]) -> list[str]:
    """Everything of the internal folder but its pages and its receipt; `judged` names the marts to copy. Gives the changes of schema.

    Raises `IntMartsError` when BI tools that read the last release would break.
    """
    changes: list[str] = []
    with writer(settings, folder / DATABASE_NAME["internal"]) as connection:
        attach(connection, settings.paths.warehouse_file, "warehouse")
        copy_marts(connection, judged)
        if plan.previous is not None:
            attach(connection, plan.previous.database, "previous")
        write_own_tables(settings, plan, connection)
        comment(connection, plan.dictionary)
        write_parquet(connection, folder, plan.dictionary)
        write_changes_csv(connection, folder)
        write_words(plan, connection, folder, f"Data dictionary, {plan.build.icb_name}")
        if plan.previous is not None:
            changes = require_stable_schema(plan.previous, connection, folder, SCHEMA_VERSION)
        write_workbook(connection, folder / "int_marts.xlsx", title_facts(plan, "internal"))
    return changes


def write_own_tables(settings: Settings, plan: Plan, connection: duckdb.DuckDBPyConnection) -> None:
    previous = plan.previous
    write_data_quality(connection, list(plan.verdict.results))
    write_restatements(
        connection,
        previous.release_id if previous else None,
        settings.restatement_flag_pct,
        RestatementContext(
            delivery=plan.build.delivery,
            is_same_delivery=previous is not None and previous.delivery == plan.build.delivery,
            has_same_inputs=previous is not None and previous.receipt.inputs == plan.build.inputs,
        ),
    )
    write_release_info(connection, release_facts(plan, "internal"))


def write_pages(settings: Settings, plan: Plan, folder: Path) -> None:
    """The report and the quality page, each made by its own room from the files of the new release."""
    with open_database(settings, folder / DATABASE_NAME["internal"]) as release:
        pages.write_report(folder / "report", release, release_facts(plan, "internal"))
    pages.write_quality_page(folder / "quality", plan.verdict)


def read_written(
    settings: Settings, folder: Path, profile: Profile, sealed: Seal | None = None
) -> dict[str, TableFacts]:
    """What the database of a folder holds, read back from the file: this, and not what was meant to be written, is what counts.

    `sealed`: the build whose tables were copied; a table that is one of them by its quick hash has its content hash.
    """
    known = (
        {relation: (sealed.quick_hashes[relation], facts) for relation, facts in sealed.tables.items()}
        if sealed
        else {}
    )
    database = folder / DATABASE_NAME[profile]
    with duckdb.connect(":memory:", config={"threads": settings.threads_for(database)}) as connection:
        attach(connection, database, "written")
        return table_facts(connection, "written", known)


def _seal(
    plan: Plan,
    folder: Path,
    profile: Profile,
    tables: dict[str, TableFacts],
    disclosure: Disclosure,
    changes: Sequence[str] = (),
    withheld: str = "",
    ledger_entry: str = "",
) -> None:
    """Hash every file and leave the receipt beside them."""
    is_internal = profile == "internal"
    build = plan.build
    receipt = ReleaseReceipt(
        schema_version=SCHEMA_VERSION,
        release_id=str(plan.release),
        profile=profile,
        as_of_delivery=build.delivery,
        data_cut=build.data_cut.isoformat(),
        first_month=build.first_month.isoformat(),
        last_month=build.last_month.isoformat(),
        icb_code=build.icb_code,
        icb_name=build.icb_name,
        previous_release=plan.previous.release_id if plan.previous else None,
        schema_changes=list(changes),
        build_id=plan.build_id,
        build_key=plan.build_key,
        is_synthetic=build.is_synthetic,
        code_fingerprint=code_version.code_fingerprint(),
        git_commit=code_version.git_commit(),
        package_versions=code_version.package_versions(),
        inputs=build.inputs
        if is_internal
        else sorted({entry.outside() for entry in build.inputs}, key=lambda entry: entry.key),
        checks=sorted(plan.verdict.results, key=lambda r: (r.check_id, r.subject, r.message)) if is_internal else [],
        checks_by_state=checks_by_state(plan.verdict.results),
        waivers=plan.waivers if is_internal else [],
        disclosure=disclosure,
        public_withheld=withheld,
        public_ledger=ledger_entry,
        tables=tables,
        files=file_hashes(folder),
    )
    receipt.sealed().write(folder)


def _stands(settings: Settings, release: ReleaseId, build_key: str) -> bool:
    """Whether an earlier publication of these inputs by this code is whole, in both profiles."""
    by_profile = stores(settings)
    try:
        receipt = find_release(settings, str(release)).receipt
        if receipt.build_key != build_key:
            return False
        check_folder(by_profile["internal"].folder(release), "internal")
        if receipt.public_withheld:
            return not PublicLedger(settings).is_sound()
        check_folder(by_profile["public"].folder(release), "public")
    except IntMartsError as error:
        log.warning("release %s is made again under a new number: %s", release, error)
        return False
    return True
