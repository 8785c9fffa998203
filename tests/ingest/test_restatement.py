"""Which rows are live: cumulative deliveries across 1 April, in any order, with a late provider and a changed code."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import duckdb
import pytest

from orchestration.build.inputs import write_inputs
from orchestration.contracts import load_contracts
from orchestration.foundation.checks import State
from orchestration.foundation.settings import Settings, load_settings
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import drift
from orchestration.lake.feed import ingest_feed
from orchestration.lake.whole_delivery import ingest_delivery
from orchestration.landing.deliveries import financial_year_start, find_delivery, last_day
from tests.ingest.good_files import HEADERS, ROWS, as_text, person, row, write_good

MONTHS = [(2024 + (8 + n) // 12, (8 + n) % 12 + 1) for n in range(14)]  # September 2024 … October 2025
LATE_PROVIDER, LATE_MONTHS = "RZ2", {(2025, 6)}


def settings_in(home: Path) -> Settings:
    return load_settings(home=home, threads=1, required_feeds=("ecds",))


def attendance(number: int, day: dt.date, provider: str) -> list[str]:
    cells = row("ecds", number)
    cells[HEADERS["ecds"].index("ARRIVAL_DATE")] = day.isoformat()
    cells[HEADERS["ecds"].index("PROVIDER_CODE")] = provider
    return cells


def truth(cut: tuple[int, int]) -> list[list[str]]:
    """What is known at a cut: the year so far, five rows a month and provider; RZ1 becomes RZ9 from April 2025."""
    first = financial_year_start(last_day(*cut))
    rows = []
    for index, (year, month) in enumerate(MONTHS):
        if not first <= dt.date(year, month, 1) <= last_day(*cut):
            continue
        for provider in ("RZ1", "RZ2"):
            if provider == LATE_PROVIDER and cut == (year, month) and (year, month) in LATE_MONTHS:
                continue
            shown = "RZ9" if provider == "RZ1" and year == 2025 and month >= 4 else provider
            for n in range(5):
                number = index * 100 + (50 if provider == "RZ2" else 0) + n
                rows.append(attendance(number, dt.date(year, month, 3 + n), shown))
    return rows


def land(settings: Settings, cut: tuple[int, int]) -> str:
    name = f"{cut[0]}-{cut[1]:02d}"
    folder = settings.paths.landing / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ecds.csv").write_text(as_text([HEADERS["ecds"], *truth(cut)], "|"), encoding="utf-8")
    return name


def live(settings: Settings, query: str = "select * exclude (delivery) from live.ecds order by all") -> list[tuple]:
    with duckdb.connect(str(settings.paths.inputs_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("order", ["in order", "shuffled", "with repeats"])
def test_fourteen_deliveries_end_the_same(order: str, tmp_path: Path) -> None:
    clean = settings_in(tmp_path / "clean")
    for month in ((2025, 3), MONTHS[-1]):
        land(clean, month)
    ingest_delivery(clean, find_delivery(clean.paths))
    write_inputs(clean, "2025-10")

    settings = settings_in(tmp_path / "fourteen")
    applied = {
        "in order": MONTHS,
        "shuffled": random.Random(3).sample(MONTHS, len(MONTHS)),
        "with repeats": [*MONTHS[:5], *MONTHS[2:4], *MONTHS[5:], MONTHS[6]],
    }[order]
    for month in applied:
        name = land(settings, month)
        ingest_feed(settings, find_delivery(settings.paths, name), "ecds")
    write_inputs(settings, "2025-10")
    # Months before April 2025 come from the cut of March, which the clean home holds too; from April, from the newest.
    assert live(settings) == live(clean)
    assert len(live(settings)) == len({item[0] for item in live(settings)}) == 14 * 2 * 5
    read = live(settings, "select sum(rows_read) from plan.files")[0][0]
    gone = live(settings, "select sum(rows) from plan.rows_removed")[0][0]
    assert read == gone + len(live(settings))


@pytest.mark.slow
def test_a_late_provider_is_missing_not_old(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for month in [month for month in MONTHS if month <= (2025, 6)]:
        name = land(settings, month)
        ingest_feed(settings, find_delivery(settings.paths, name), "ecds")
    write_inputs(settings, "2025-06")
    june = "select distinct provider_code from live.ecds where coverage_month = date '2025-06-01'"
    assert live(settings, june) == [("RZ9",)]
    only_newest = "select distinct delivery from live.ecds where coverage_month >= date '2025-04-01'"
    assert live(settings, only_newest) == [("2025-06",)]
    inputs = write_inputs(settings, "2025-03")
    assert inputs.deliveries[-1] == "2025-03"
    assert live(settings, "select max(coverage_month) from live.ecds") == [(dt.date(2025, 3, 1),)]


def test_a_changed_file_is_a_new_version_and_the_old_content_goes_back(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    land(settings, (2025, 4))
    path = settings.paths.landing / "2025-04" / "ecds.csv"
    first = path.read_text()
    versions = []
    for content in (first, "\n".join(first.splitlines()[:-1]) + "\n", first):
        path.write_text(content)
        manifest = ingest_feed(settings, find_delivery(settings.paths), "ecds")
        assert manifest is not None
        versions.append((manifest.version, manifest.rows_loaded))
        assert write_inputs(settings, "2025-04").rows_live["ecds"] == manifest.rows_loaded
    assert versions == [(1, 10), (2, 9), (1, 10)]


def test_a_key_in_two_deliveries_counts_once_from_the_newest(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for name, day in (("2025-03", "2025-03-30"), ("2025-04", "2025-04-02")):
        folder = settings.paths.landing / name
        folder.mkdir(parents=True)
        cells = attendance(1, dt.date.fromisoformat(day), "RZ1")
        (folder / "ecds.csv").write_text(as_text([HEADERS["ecds"], cells], "|"), encoding="utf-8")
        ingest_feed(settings, find_delivery(settings.paths, name), "ecds")
    write_inputs(settings, "2025-04")
    assert live(settings, "select arrival_date, delivery from live.ecds") == [(dt.date(2025, 4, 2), "2025-04")]
    assert live(settings, "select delivery, rule, rows from plan.rows_removed") == [("2025-03", "duplicate_key", 1)]


def test_contract_months_replace_provider_by_month_and_month_13_is_month_12(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    def line(provider: str, month: int, price: str) -> list[str]:
        cells = row("contract_activity", 0)
        for header, value in (
            ("ORGANISATION IDENTIFIER (CODE OF PROVIDER)", provider),
            ("FINANCIAL MONTH", str(month)),
            ("CONTRACT MONITORING ACTUAL PRICE", price),
        ):
            cells[HEADERS["contract_activity"].index(header)] = value
        return cells

    sent = {
        "2026-03": [line("RZ1", 12, "10.00"), line("RZ2", 12, "20.00"), line("RZ1", 11, "1.00")],
        "2026-04": [line("RZ1", 13, "11.00"), line("RZ1", 12, "4.00")],
    }
    for name, rows in sent.items():
        folder = settings.paths.landing / name
        folder.mkdir(parents=True)
        (folder / "contract_activity.csv").write_text(as_text([HEADERS["contract_activity"], *rows]), encoding="utf-8")
        ingest_feed(settings, find_delivery(settings.paths, name), "contract_activity")
    write_inputs(settings, "2026-04")
    found = live(
        settings,
        "select coverage_month, provider_code, sum(price_gbp) from live.contract_activity group by all order by all",
    )
    assert [(str(month), provider, float(pounds)) for month, provider, pounds in found] == [
        ("2026-02-01", "RZ1", 1.0),
        ("2026-03-01", "RZ1", 15.0),
        ("2026-03-01", "RZ2", 20.0),
    ]


def send(settings: Settings, name: str, *rows: tuple[int, str]) -> None:
    """A delivery of attendances, each a number and a day."""
    folder = settings.paths.landing / name
    folder.mkdir(parents=True)
    cells = [attendance(number, dt.date.fromisoformat(day), "RZ1") for number, day in rows]
    (folder / "ecds.csv").write_text(as_text([HEADERS["ecds"], *cells], "|"), encoding="utf-8")
    ingest_feed(settings, find_delivery(settings.paths, name), "ecds")


def test_months_in_the_newest_delivery_replace_the_older_ones(tmp_path: Path) -> None:
    """Also the first month that it covers; what it covers and no longer brings is gone, March stays with the year's last cut."""
    settings = settings_in(tmp_path)
    send(settings, "2025-03", (1, "2025-03-30"))
    send(settings, "2025-05", (2, "2025-04-10"), (3, "2025-04-11"), (4, "2025-05-10"))
    send(settings, "2025-06", (5, "2025-04-10"), (6, "2025-06-10"))
    write_inputs(settings, "2025-06")
    found = live(settings, "select arrival_date::varchar, delivery from live.ecds order by all")
    assert found == [("2025-03-30", "2025-03"), ("2025-04-10", "2025-06"), ("2025-06-10", "2025-06")]


def test_a_key_twice_in_one_file_counts_once(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    send(settings, "2025-04", (1, "2025-04-02"), (1, "2025-04-03"), (2, "2025-04-04"), (2, "2025-04-04"))
    write_inputs(settings, "2025-04")
    found = live(settings, "select arrival_date::varchar from live.ecds order by all")
    assert found == [("2025-04-02",), ("2025-04-04",)]
    removed = live(settings, "select rule, rows from plan.rows_removed order by all")
    assert removed == [("duplicate_exact", 1), ("duplicate_key", 1)]


def variants(number: int) -> list[list[str]]:
    """A referral action, and the same with one field or two left blank: three different rows."""
    full = row("ers_referrals", number)
    blanked = []
    for names in (["PRIORITY_CD"], ["PRIORITY_CD", "PATIENT_AGE"]):
        cells = list(full)
        for name in names:
            cells[HEADERS["ers_referrals"].index(name)] = ""
        blanked.append(cells)
    return [full, *blanked]


@pytest.mark.parametrize("seed", range(4))
def test_a_row_that_several_deliveries_bring_counts_once_from_the_newest(tmp_path: Path, seed: int) -> None:
    """Referral actions have no key: rows are the same when every field is, blank or not, and a brute force over sets says which stay."""
    choose = random.Random(seed)
    settings = load_settings(home=tmp_path, threads=1 + seed % 2, required_feeds=("ers_referrals",))
    pool = [tuple(cells) for number in range(6) for cells in variants(number)]
    sent = {name: choose.sample(pool, k=choose.randint(4, 14)) for name in ("2025-10", "2025-11", "2025-12")}
    for name, rows in sent.items():
        folder = settings.paths.landing / name
        folder.mkdir(parents=True)
        (folder / "ers_referrals.csv").write_text(as_text([HEADERS["ers_referrals"], *rows]), encoding="utf-8")
        ingest_feed(settings, find_delivery(settings.paths, name), "ers_referrals")
    write_inputs(settings, "2025-12")
    newest = {cells: name for name, rows in sent.items() for cells in rows}
    names = [HEADERS["ers_referrals"].index(name) for name in ("UBRN_ID", "PRIORITY_CD", "PATIENT_AGE")]
    expected = [(*(cells[index] or None for index in names), name) for cells, name in newest.items()]
    found = live(settings, "select ubrn_id, priority_code, age_years::varchar, delivery from live.ers_referrals")
    assert sorted(found, key=str) == sorted(expected, key=str)
    removed = live(settings, "select delivery, rule, rows from plan.rows_removed order by all")
    repeated = {name: sum(newest[cells] != name for cells in rows) for name, rows in sent.items()}
    assert removed == [(name, "duplicate_exact", rows) for name, rows in repeated.items() if rows]
    assert sum(repeated.values()) > 0


def test_a_feed_that_comes_late_replaces_only_the_months_it_brings(tmp_path: Path) -> None:
    """Deaths: April, the first month of the coverage, from the newest; May, of which it says nothing, from the one before."""
    settings = settings_in(tmp_path)
    sent = {
        "2025-05": ((1, "2025-04-10"), (2, "2025-04-11"), (3, "2025-05-10")),
        "2025-06": ((4, "2025-04-12"), (5, "2025-06-10")),
    }
    for name, rows in sent.items():
        folder = settings.paths.landing / name
        folder.mkdir(parents=True)
        cells = [[person(number), day, *row("deaths", number)[2:]] for number, day in rows]
        (folder / "deaths.csv").write_text(as_text([HEADERS["deaths"], *cells]), encoding="utf-8")
        ingest_feed(settings, find_delivery(settings.paths, name), "deaths")
    write_inputs(settings, "2025-06")
    found = live(settings, "select death_date::varchar, delivery from live.deaths order by all")
    assert found == [("2025-04-12", "2025-06"), ("2025-05-10", "2025-05"), ("2025-06-10", "2025-06")]


def test_every_row_of_every_feed_is_accounted_for_over_two_deliveries(tmp_path: Path) -> None:
    """The second restates a part of the first, repeats a part and brings more, whatever the feed's rule of restatement."""
    settings = settings_in(tmp_path)
    for name, rows in (("2025-09", ROWS), ("2025-10", ROWS + 5)):
        for feed in load_contracts():
            write_good(settings.paths.landing / name, feed, rows)
    ingest_delivery(settings, find_delivery(settings.paths))
    write_inputs(settings, "2025-10")
    checks = [check for check in drift.checks() if check.rule.id == "conservation.rows"]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.paths.inputs_file}' as inputs (read_only)")
        results = [drift.result(Warehouse(connection), check, frozenset([check.feed])) for check in checks]
    assert len(results) == len(load_contracts())
    assert {result.check_id: result.message for result in results if result.state is not State.PASS} == {}
    # rows of both deliveries were read
    assert all(result.rows_examined > ROWS for result in results)
