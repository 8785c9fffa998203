"""The chain of evidence through the door people use: a byte changed at any link after the release is seen by name, or changes nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.foundation.errors import GateShut
from orchestration.foundation.settings import load_settings
from orchestration.gate import read_receipt
from orchestration.releases import standing
from orchestration.releases.public_ledger import PublicLedger
from orchestration.releases.receipt import read_receipt as read_release_receipt
from orchestration.releases.standing import standing_release

pytestmark = pytest.mark.slow


def flip(file: Path) -> None:
    """One bit in the middle, the time of writing put back."""
    stat, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def landed(home: Path) -> Path:
    return home / "landing" / "2025-10" / "deaths.csv"


def version(home: Path) -> Path:
    delivery = home / "lake" / "hes_apc" / "delivery=2025-10"
    return delivery / f"version={json.loads((delivery / 'current.json').read_text())['version']}"


def parquet(home: Path) -> Path:
    return sorted(version(home).rglob("part-*.parquet"))[-1]


def left_in_the_log(home: Path) -> Path:
    """An edit that a killed connection leaves beside the warehouse."""
    database = home / "warehouse" / "warehouse.duckdb"
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('pragma disable_checkpoint_on_shutdown'); "
        "c.execute('update marts.dim_int set int_name = upper(int_name)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(database)], check=True)
    return Path(f"{database}.wal")


def flipped(where: Callable[[Path], Path]) -> Callable[[Path], Path]:
    def change(home: Path) -> Path:
        flip(where(home))
        return where(home)

    return change


def misspelt(home: Path) -> Path:
    """One bit of the name of a value that is nothing: read without it, the receipt says the same."""
    receipt = home / "warehouse" / "evidence" / "receipt.json"
    receipt.write_bytes(receipt.read_bytes().replace(b'"is_waived": false', b'"hs_waived": false', 1))
    return receipt


SEEN = {
    "landing": (flipped(landed), "receipt.inputs_unchanged"),
    "a lake file": (flipped(parquet), "receipt.inputs_unchanged"),
    "a manifest": (flipped(lambda home: version(home) / "manifest.json"), "receipt.plan_unchanged"),
    "the warehouse": (flipped(lambda home: home / "warehouse" / "warehouse.duckdb"), "receipt.dbt_build"),
    "the warehouse's log": (left_in_the_log, "receipt.dbt_build"),
    "the receipt": (flipped(lambda home: home / "warehouse" / "evidence" / "receipt.json"), "receipt.present"),
    "a name in the receipt": (misspelt, "receipt.present"),
}
HARMLESS = {
    "the saved parse": flipped(lambda home: home / "dbt" / "target" / "partial_parse.msgpack"),
    "the compiled project": flipped(lambda home: home / "dbt" / "target" / "manifest.json"),
    "a time of writing": lambda home: [landed(home).touch(), (home / "warehouse" / "warehouse.duckdb").touch()],
}


@pytest.mark.parametrize("link", SEEN)
def test_a_change_is_seen_by_name_and_nothing_is_published(copy_of_home: Path, command: Callable, link: str) -> None:
    change, check_id = SEEN[link]
    changed = change(copy_of_home)
    done = command("publish", "--json", home=copy_of_home)
    body = json.loads(done.stdout)
    assert done.exit_code == 4 and check_id in body["check_ids"]
    assert changed.name in body["error"] or link in ("a manifest", "the receipt", "a name in the receipt")
    assert sorted(path.name for path in (copy_of_home / "releases").glob("2025-*")) == ["2025-10.1"]


def test_every_bit_of_the_receipt_counts(copy_of_home: Path) -> None:
    """Also those of a name whose value is what would be taken without it."""
    settings = load_settings(home=copy_of_home)
    file = copy_of_home / "warehouse" / "evidence" / "receipt.json"
    whole = file.read_bytes()
    named = [whole.index(name) + 2 for name in (b'"is_waived": false', b'"what_to_do"', b'"violations": 0')]
    rng = random.Random(17)
    for place in [*named, *rng.sample(range(len(whole)), 60)]:
        content = bytearray(whole)
        content[place] ^= 1 << rng.randrange(8)
        file.write_bytes(content)
        with pytest.raises(GateShut):
            read_receipt(settings)
    file.write_bytes(whole)
    assert read_receipt(settings).results


@pytest.mark.parametrize("link", HARMLESS)
def test_what_decides_nothing_changes_nothing(copy_of_home: Path, command: Callable, link: str) -> None:
    HARMLESS[link](copy_of_home)
    done = command("refresh", "--json", home=copy_of_home)
    assert done.exit_code == 0 and json.loads(done.stdout)["is_new"] is False


def test_a_refresh_looks_at_the_waivers(copy_of_home: Path, command: Callable) -> None:
    """Where all else is as it was it does not answer that the release stands."""
    (copy_of_home / "waivers.yml").write_text("- no waiver", encoding="utf-8")
    done = command("refresh", "--json", home=copy_of_home)
    assert done.exit_code == 4 and "waivers.yml entry 1" in json.loads(done.stdout)["error"]
    assert sorted(path.name for path in (copy_of_home / "releases").glob("2025-*")) == ["2025-10.1"]


WAIVER = """
- check_id: drift.level.hes_apc
  delivery: 2025-10
  reason: the provider was on strike
  owner: a person of the ICB
  expires: 2030-01-01
"""


def test_a_refresh_stands_only_where_publishing_again_would_change_nothing(
    copy_of_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waivers, packages and a public side that was kept back decide what a release is, as its files and the code do."""
    settings = load_settings(home=copy_of_home)

    def stands() -> bool:
        return standing_release(settings, "2025-10") is not None

    assert stands()
    settings.paths.waivers_file.write_text(WAIVER, encoding="utf-8")
    assert not stands()
    settings.paths.waivers_file.write_text(WAIVER.replace("2025-10", "2025-09"), encoding="utf-8")
    assert stands(), "a waiver for another delivery"
    settings.paths.waivers_file.write_text("- no list of waivers", encoding="utf-8")
    assert not stands()
    settings.paths.waivers_file.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(standing, "package_versions", lambda: {"duckdb": "0.1"})
        assert not stands()
    assert stands()
    folder = settings.paths.releases / "2025-10.1"
    read_release_receipt(folder).model_copy(update={"public_withheld": "the ledger was lost"}).sealed().write(folder)
    assert not stands(), "the ledger is there again: the public side can be made"
    for entry in PublicLedger(settings).files():
        entry.unlink()
    assert stands(), "it still is not"
