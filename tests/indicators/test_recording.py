"""Same-day emergency care that leaves admitted care (definitions E9): the warning, and the measures whose series it breaks."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.indicators.harness import Bench

MONTHS = [day.date() for day in pd.date_range("2024-01-01", "2025-09-01", freq="MS")]
PROVIDER_STAYS = 40


def warned(compiled, zero_nights: list[int], stays: int = PROVIDER_STAYS, known: str | None = None) -> list[tuple]:
    """What `recording__zero_nights_fell` says of one provider with so many stays of no night in each month."""
    bench = Bench(compiled)
    rows = [
        ("RVV", month, "emergency", "0" if n < none else "1_plus")
        for month, none in zip(MONTHS, zero_nights, strict=True)
        for n in range(stays)
    ]
    columns = ["provider_code", "event_month", "admission_type", "length_of_stay_group"]
    bench.give("intermediate.admissions", pd.DataFrame(rows, columns=columns))
    bench.give(
        "seeds.recording_changes",
        f"select 'RVV' as provider_code, cast('{known or MONTHS[0]}' as date) as month where {known is not None}",
    )
    sql = (compiled.parent / "tests" / "recording__zero_nights_fell.sql").read_text(encoding="utf-8")
    return [(row.provider_code, row.month.date().isoformat()) for row in bench.rows(sql).itertuples()]


@pytest.mark.parametrize(
    ("zero_nights", "options", "says"),
    [
        ([16] * 21, {}, []),
        ([16] * 15 + [9] * 6, {}, [("RVV", "2025-04-01")]),  # a share of 22.5 % where it was 40 %
        ([16] * 15 + [11] * 6, {}, []),  # 27.5 %: less than a third lower
        ([16] * 15 + [9] * 2 + [16] * 4, {}, []),  # two months are no three
        ([16] * 15 + [9] * 6, {"known": "2025-05-01"}, []),  # the seed has it within half a year
        ([16] * 15 + [9] * 6, {"known": "2024-03-01"}, [("RVV", "2025-04-01")]),
        ([8] * 15 + [2] * 6, {"stays": 19}, []),  # too few for more than chance
    ],
)
def test_a_provider_whose_stays_of_no_night_vanish_is_named(compiled, zero_nights, options, says) -> None:
    assert warned(compiled, zero_nights, **options) == says


def test_every_measure_that_counts_stays_of_no_night_starts_a_phase(compiled) -> None:
    """All emergency counts, finished stays and the admissions before a death; not what asks for a night or counts nights."""
    bench = Bench(compiled).seed("indicator_catalogue")
    nobody = "'' as area_type, '' as area_code, date '2000-01-01' as month where false"
    bench.give("seeds.spc_rebasings", f"select '' as indicator_id, '' as reason, {nobody}")
    bench.give("intermediate.spend_basis_changes", f"select {nobody}")
    bench.give("intermediate.spend_lines", "select date '2000-01-01' as month, '' as cost_basis where false")
    bench.give("intermediate.months", "select date '2025-04-01' as month")
    bench.give("indicators.recording_phases", "select 'int' as area_type, 'A' as area_code, date '2025-04-01' as month")
    found = set(
        bench.run("indicators.process_rebasings").rows("select * from indicators.process_rebasings")["indicator_id"]
    )
    assert found >= {
        "emergency_admissions", "emergency_admissions_65_plus", "emergency_admissions_los_0", "acs_chronic_admissions", "acs_19_admissions",
        "falls_admissions_65_plus", "emergency_admissions_from_care_homes", "readmissions_30d", "readmissions_60d", "readmissions_90d",
        "emergency_length_of_stay_mean_days", "emergency_length_of_stay_median_days", "nnhip_non_elective_spells", "sdec_attendances",
        "discharged_to_usual_residence_pct", "discharged_to_usual_residence_65_plus_pct", "new_care_home_discharges_pct",
        "new_care_home_discharges_65_plus_pct", "end_of_life_3_plus_admissions_pct",
        "people_2_plus_emergency_admissions", "people_3_plus_emergency_admissions",
    }  # fmt: skip
    assert not found & {
        "emergency_admissions_los_1_plus", "emergency_overnight_medical_75_plus", "occupied_bed_days", "acs_chronic_bed_days",
        "emergency_bed_days_65_plus", "op_attendances", "spend_per_head",
    }  # fmt: skip
