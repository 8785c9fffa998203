"""What is taken away from a delivery may make a figure unknown, never different (definitions E1-E4, design 8.2).

Each taking is two builds of everything, so all of them are in `make attack`, which
writes its score to `docs/known_score.md`.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from orchestration.foundation.settings import PROJECT_ROOT
from tests.laws import known
from tests.laws.known import Taking

SCORE = PROJECT_ROOT / "docs" / "known_score.md"
SEEDS = range(int(os.environ.get("KNOWN_LAW_TAKINGS", "24")))


def together(*takings: Taking) -> Taking:
    """Several takings of different feeds at once: the law holds of any of them."""
    queries: dict[str, str] = {}
    for taking in takings:
        assert not queries.keys() & taking.queries.keys(), "two takings of one feed"
        queries |= taking.queries
    return Taking("; ".join(taking.words for taking in takings), queries)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return known.make_base(tmp_path_factory.mktemp("whole"), people=800, months=26)


def broken(verdict: known.Verdict) -> str:
    return "\n".join(
        [f"without {verdict.taking}: {len(verdict.differences)} figures differ of {verdict.still_known} still known"]
        + [f"  {found.table} {found.key}: {found.whole} became {found.taken}" for found in verdict.differences[:12]]
    )


FIXED = {
    "holes": lambda m: together(
        known.without_months("hes_apc", [m[14]]),
        known.without_months("hes_op", [m[16]]),
        known.without_months("ers_referrals", m[12:14]),
    ),
    "what_records_say": lambda m: together(
        known.without_property("hes_apc", "diagnosis", m[20:]),
        known.without_property("hes_op", "age"),
        known.without_property("ecds", "person", m[18:]),
        known.totals_only(m[8:12]),
    ),
    "published_counts_and_a_lost_feed": lambda m: together(
        known.published_for_records(m[18:21]), known.without_feed("ecds"), known.without_months("hes_apc", m[:3])
    ),
}


@pytest.mark.slow
@pytest.mark.xdist_group("known_law")
@pytest.mark.attack
@pytest.mark.parametrize("name", FIXED)
def test_what_is_taken_away_makes_nothing_different(base: Path, tmp_path: Path, name: str) -> None:
    taking = FIXED[name](known.months_of(base, "hes_apc"))
    home = known.take_away(base, tmp_path / "taken", taking)
    verdict = known.compare(base, home, taking.words)
    shutil.rmtree(home)
    assert verdict.known > 10_000 and verdict.still_known > 1_000, "nothing was compared"
    assert verdict.still_known < verdict.known, "what was taken away made nothing unknown"
    assert not verdict.differences, broken(verdict)


@pytest.mark.attack
@pytest.mark.xdist_group("known_law")
def test_what_is_added_and_is_not_ours_changes_nothing(base: Path, tmp_path: Path) -> None:
    """Stray attendances before the extract, stray appointments, another edition's decile on the records."""
    added = Taking(
        "nothing; stray rows and another edition's deciles come with it",
        {
            "ecds": "select * from {whole} union all by name (select * replace ('stray' || epikey as epikey, "
            "arrival_date - interval 900 day as arrival_date, coverage_month - interval 30 month as coverage_month) "
            "from {whole} order by epikey limit 3)",
            "gp_appointments": "select * from {whole} union all by name (select * replace ('stray' || appointment_id as appointment_id, "
            "appointment_date - interval 900 day as appointment_date, coverage_month - interval 30 month as coverage_month) "
            "from {whole} order by appointment_id limit 1)",
            "hes_apc": "select * replace (case when imd_decile is not null then 11 - imd_decile end as imd_decile) from {whole}",
        },
    )
    home = known.take_away(base, tmp_path / "added", added)
    verdict = known.compare(base, home, added.words)
    shutil.rmtree(home)
    assert not verdict.differences, broken(verdict)
    assert verdict.still_known == verdict.known


@pytest.fixture(scope="module")
def wide_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return known.make_base(tmp_path_factory.mktemp("wide"), people=6000, months=30)


@pytest.mark.attack
@pytest.mark.xdist_group("known_law")
def test_many_takings_at_random(wide_base: Path, tmp_path: Path) -> None:
    verdicts = []
    for seed in SEEDS:
        taking = known.draw_taking(random.Random(seed), wide_base)
        home = known.take_away(wide_base, tmp_path / f"taken_{seed}", taking)
        verdicts.append(known.compare(wide_base, home, taking.words))
        shutil.rmtree(home)
    write_score(verdicts)
    assert len(verdicts) == len(SEEDS)
    wrong = [verdict for verdict in verdicts if verdict.differences]
    assert not wrong, "\n".join(broken(verdict) for verdict in wrong)


def write_score(verdicts: list[known.Verdict]) -> None:
    held = sum(not verdict.differences for verdict in verdicts)
    lines = [
        "# What was taken away, and what became different",
        "",
        "Written by `tests/laws/test_known.py` (`make attack`). From a clean delivery of 6,000 people and 30 months something",
        "is taken away at random; every figure and count that is known with it and without it must be equal to the last digit.",
        "Not taken: what a sender that usually has fewer than 20 rows a month sends, because its silence may be chance",
        "(definitions E2).",
        "",
        f"{held} of {len(verdicts)} takings made nothing different.",
        "",
        "| taken away | known before | still known | different |",
        "|---|---|---|---|",
        *(f"| {v.taking} | {v.known:,} | {v.still_known:,} | {len(v.differences):,} |" for v in verdicts),
        "",
    ]
    SCORE.write_text("\n".join(lines), encoding="utf-8")
