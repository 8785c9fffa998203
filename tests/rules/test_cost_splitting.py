"""An amount split over the months of a stay by nights (C6): to the penny, whatever the amount, the stay and the calendar."""

from __future__ import annotations

import os
import subprocess
from datetime import date, timedelta
from fractions import Fraction

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.build.dbt_runtime import DBT_PROJECT_DIR, dbt_environment, dbt_executable

from ..oracle import stays

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rules")]
WORKED = [(300_000, date(2017, 4, 21), 29), (90_000, date(2025, 1, 31), 2)]


def cases(number: int) -> list[tuple[int, date, int]]:
    """(pence, admission, nights): leap days, year ends, no nights at all, refunds, a penny over many months."""
    found: list[tuple[int, date, int]] = list(WORKED)

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.integers(-10_000, 100_000_000),
        st.dates(date(2019, 12, 1), date(2025, 1, 31)),
        st.one_of(st.integers(0, 3), st.integers(0, 400)),
    )
    def take(pence: int, admission: date, nights: int) -> None:
        found.append((pence, admission, nights))

    take()
    return found


@pytest.fixture(scope="module")
def share_sql(random_settings) -> str:
    """The macro as the models get it."""
    inline = "select {{ pounds_share('amount', 'nights_before', 'nights', 'total_nights') }} as share"
    command = [dbt_executable(), "--quiet", "compile", "--inline", inline]
    command += ["--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR)]
    environment = {**os.environ, **dbt_environment(random_settings)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-1000:]
    return done.stdout[done.stdout.index("select") :]


def test_shares_are_by_nights_and_sum_to_the_penny(share_sql: str):
    drawn = cases(2_000)
    rows = []
    for number, (pence, admission, nights) in enumerate(drawn):
        before = 0
        split = stays.nights(stay_of(admission, nights), date.max - timedelta(days=1)) or {admission.replace(day=1): 0}
        for month, in_month in sorted(split.items()):
            rows.append((number, month, f"{pence / 100:.2f}", before, in_month, nights))
            before += in_month
    with duckdb.connect() as connection:
        connection.execute(
            "create table parts (number int, month date, amount decimal(18,2), nights_before int, nights int, total_nights int)"
        )
        connection.executemany("insert into parts values (?, ?, ?, ?, ?, ?)", rows)
        expression = share_sql.strip().removeprefix("select").rsplit(" as share", 1)[0]
        found = connection.execute(
            f"select number, month, nights, 100 * ({expression}) from parts order by 1, 2"
        ).fetchall()
    shares: dict[int, list[tuple[date, int, int]]] = {}
    for number, month, in_month, share in found:
        shares.setdefault(number, []).append((month, in_month, int(share)))
    for number, (pence, _, nights) in enumerate(drawn):
        assert sum(share for _, _, share in shares[number]) == pence
        for _, in_month, share in shares[number]:
            exact = Fraction(pence * in_month, nights) if nights else Fraction(pence)
            assert abs(share - exact) <= 1, (pence, nights, in_month, share)
    assert [share for _, _, share in shares[0]] == [103_448, 196_552]
    assert [share for _, _, share in shares[1]] == [45_000, 45_000]


def stay_of(admission: date, nights: int) -> stays.Stay:
    from ..oracle.test_worked_cases import episode

    ended = admission + timedelta(days=nights)
    return stays.Stay(
        [stays.Spell("P", [episode(admission.isoformat(), ended.isoformat())], date.max - timedelta(days=1))]
    )
