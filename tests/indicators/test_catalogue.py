"""The catalogue, the cohorts and what is written from them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from orchestration.build.dbt_runtime import DBT_PROJECT_DIR
from orchestration.build.measure_unions import UNIONS, measure_yml, union_sql, write_measure_unions
from orchestration.publishing.indicator_docs import PAGE, THEMES, indicators_page, read_seed

CATALOGUE = read_seed("indicator_catalogue")
WITH_MORE_TO_SAY = {
    "end_of_life_measures",
    "gp_appointment_published_measures",
    "gp_appointment_record_measures",
    "online_consultation_population_measures",
}
CATALOGUE_BY_ID = {row["indicator_id"]: row for row in CATALOGUE}
CORE_IDS = {
    "gp_appointments_attended",
    "gp_dna_pct",
    "online_consultations",
    "ae_attendances_unplanned",
    "ae_type_1_attendances",
    "sdec_attendances",
    "op_attendances",
    "community_contacts",
    "all_visits",
    "gp_referrals_ers",
    "gp_referrals_hes_op",
    "spend_per_head",
    "emergency_admissions",
    "emergency_admissions_los_0",
    "emergency_admissions_los_1_plus",
    "nnhip_non_elective_spells",
    "emergency_overnight_medical_75_plus",
    "acs_chronic_admissions",
    "acs_19_admissions",
    "falls_admissions_65_plus",
    "readmissions_30d",
    "readmissions_60d",
    "readmissions_90d",
    "occupied_bed_days",
    "high_intensity_ae_users",
    "deaths_in_hospital",
    "hospital_days_last_100",
}


def test_the_core_indicators_of_the_design_are_all_there() -> None:
    assert {row["indicator_id"] for row in CATALOGUE} >= CORE_IDS


def test_no_indicator_duplicates_another() -> None:
    rules = Counter(
        (row["measure_kind"], row["numerator_measure_id"], row["denominator_measure_id"], row["events_per_person"])
        for row in CATALOGUE
    )
    assert max(rules.values()) == 1
    assert len({row["indicator_id"] for row in CATALOGUE}) == len(CATALOGUE)


def test_about_twelve_are_headline() -> None:
    assert 10 <= sum(row["is_headline"] == "true" for row in CATALOGUE) <= 14


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row["indicator_id"])
def test_every_indicator_is_described_in_full(row: dict[str, str]) -> None:
    told = [
        "title",
        "definition",
        "numerator",
        "denominator",
        "unit",
        "source",
        "owner",
        "definition_version",
        "known_limitations",
    ]
    assert all(row[column].strip() for column in told)
    assert row["theme"] in THEMES
    assert row["donabedian_type"] in ("structure", "process", "outcome", "balancing")
    assert (row["measure_kind"] == "person_period") == bool(row["events_per_person"])
    assert set(filter(None, row["cohorts"].split(";"))) <= {cohort["kind"] for cohort in read_seed("cohorts")} | {
        "person_list"
    }


def test_short_titles_fit_a_column_and_tell_indicators_apart() -> None:
    shorts = [row["short_title"] for row in CATALOGUE]
    assert max(map(len, shorts)) <= 28
    assert len(set(shorts)) == len(shorts)
    # a title that fits a column is its own short one
    assert not [row["title"] for row in CATALOGUE if row["short_title"] == row["title"] and len(row["title"]) > 28]


def test_what_is_read_beside_an_indicator_exists_and_headlines_balance_both_ways() -> None:
    """What could get worse where this gets better; blank only where neither direction is good, or nothing stands against it."""
    beside = {row["indicator_id"]: set(filter(None, row["balancing_indicator_ids"].split(";"))) for row in CATALOGUE}
    assert set().union(*beside.values()) <= beside.keys()
    assert not [name for name, others in beside.items() if name in others]
    judged = [row["indicator_id"] for row in CATALOGUE if not row["measure_kind"].startswith("reported_")]
    judged = [name for name in judged if CATALOGUE_BY_ID[name]["polarity"] != "neutral"]
    assert [name for name in judged if not beside[name]] == ["spend_priced_activity_pct"]
    headlines = {row["indicator_id"] for row in CATALOGUE if row["is_headline"] == "true"}
    assert all(beside[name] for name in headlines)
    one_way = [(a, b) for a in headlines for b in beside[a] & headlines if a not in beside[b]]
    assert not one_way


def test_the_order_of_reading_is_one_for_all_and_by_theme() -> None:
    ordered = sorted(CATALOGUE, key=lambda row: int(row["display_order"]))
    assert len({row["display_order"] for row in CATALOGUE}) == len(CATALOGUE)
    themes = [row["theme"] for row in ordered]
    assert list(dict.fromkeys(themes)) == list(THEMES)
    assert themes == sorted(themes, key=list(THEMES).index)


def test_headlines_side_by_side_are_those_of_the_catalogue_in_their_unit() -> None:
    """Macro `headline_columns`: a column's name says the unit that the catalogue gives."""
    macro = (DBT_PROJECT_DIR / "macros" / "rules" / "headlines.sql").read_text()
    columns = dict(re.findall(r"'(\w+)': '(\w+)'", macro))
    ordered = sorted(CATALOGUE, key=lambda row: int(row["display_order"]))
    headlines = [row for row in ordered if row["is_headline"] == "true"]
    assert set(columns) == {row["indicator_id"] for row in headlines}
    for row in headlines:
        ending = {"%": "_pct", "£ per head": "_gbp"}.get(row["unit"], f"_per_{row['multiplier']}")
        assert columns[row["indicator_id"]] == row["indicator_id"].removesuffix(ending) + ending


def test_every_measure_named_by_the_catalogue_is_made_by_a_measure_file() -> None:
    text = "".join(
        path.read_text()
        for folder in (DBT_PROJECT_DIR / "models" / "measures", DBT_PROJECT_DIR / "macros" / "measures")
        for path in sorted(folder.rglob("*.sql"))
    )
    made = set(re.findall(r"'([a-z][a-z0-9_]+)'\s*:", text)) | set(re.findall(r"\bas (registered_population\w*)", text))
    counted = [row for row in CATALOGUE if not row["measure_kind"].startswith("reported_")]
    asked = {row[column] for row in counted for column in ("numerator_measure_id", "denominator_measure_id")}
    assert asked <= made


def test_targets_and_rebasings_name_indicators_that_exist() -> None:
    known = {row["indicator_id"] for row in CATALOGUE}
    assert {row["indicator_id"] for row in read_seed("indicator_targets") + read_seed("spc_rebasings")} <= known
    assert all(row["reason"] for row in read_seed("spc_rebasings"))


def test_each_measure_of_the_framework_is_an_indicator_or_has_a_reason() -> None:
    known = {row["indicator_id"] for row in CATALOGUE}
    page = PAGE.read_text(encoding="utf-8")
    for row in read_seed("framework_measures"):
        named = [one for one in row["indicator_ids"].split(";") if one]
        assert set(named) <= known, row
        assert named or row["why_not_at_team_level"], row
        assert row["measure"] in page


def test_esp2013_is_the_standard_of_the_definitions() -> None:
    """Definitions, part D: nineteen bands that add up to 100,000."""
    weights = [int(row["standard_population"]) for row in read_seed("esp2013")]
    assert weights == [
        5000,
        *[5500] * 3,
        *[6000] * 2,
        6500,
        *[7000] * 4,
        6500,
        6000,
        5500,
        5000,
        4000,
        2500,
        1500,
        1000,
    ]
    assert sum(weights) == 100_000


def test_the_page_of_indicators_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == indicators_page(), "run write_indicators_page()"


def test_the_unions_over_measure_files_are_current(tmp_path) -> None:
    for kind, model in UNIONS.items():
        folder = DBT_PROJECT_DIR / "models" / "measures"
        measures = sorted(path.stem for path in (folder / kind).glob("*.sql"))
        assert (folder / f"{model}.sql").read_text() == union_sql(kind, measures)


def test_a_measure_file_without_words_gets_those_of_its_kind(tmp_path) -> None:
    """Those of the project are the same but where a file has more to say."""
    for kind in UNIONS:
        files = sorted((DBT_PROJECT_DIR / "models" / "measures" / kind).glob("*.yml"))
        own = [file.stem for file in files if file.read_text() != measure_yml(kind, file.stem)]
        assert len(own) < len(files), kind
        assert set(own) <= WITH_MORE_TO_SAY


def test_unions_are_written_once_and_refuse_nothing_to_unite(tmp_path) -> None:
    for kind in UNIONS:
        (tmp_path / "models" / "measures" / kind).mkdir(parents=True)
    with pytest.raises(FileNotFoundError):
        write_measure_unions(tmp_path)
    for kind in UNIONS:
        (tmp_path / "models" / "measures" / kind / "one.sql").write_text("select 1")
    assert write_measure_unions(tmp_path)
    assert not write_measure_unions(tmp_path)


def test_the_bands_side_by_side_are_those_of_the_standard_population() -> None:
    macro = (DBT_PROJECT_DIR / "macros" / "statistics" / "age_bands.sql").read_text()
    starts = range(*map(int, re.search(r"range\((\d+), (\d+), (\d+)\)", macro).groups()))
    bands = [f"{start}_{start + 4}" for start in starts] + ["90_plus"]
    assert bands == [row["age_band"] for row in read_seed("esp2013")]
