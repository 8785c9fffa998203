"""A small home with a built warehouse: every mart of the design with its exact columns, made by SQL from a hash, always the same.

Two HCPs, five PCNs, six teams (one PCN has two), 17 months. Counts are made per team and month and added up as the real marts are;
`restated` adds late records to the last months, `small` makes some counts small enough to be suppressed.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import yaml

from orchestration.build.plan import Plan
from orchestration.build.seal import seal_build
from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.settings import PROJECT_ROOT, Settings
from orchestration.foundation.warehouse import MART_SCHEMAS
from orchestration.gate import Receipt, Verdict

PEOPLE, PEOPLE_65 = ("registered_population", "population"), ("registered_population_65_plus", "population")
INDICATORS = (
    # id, measure kind, numerator measure, denominator measure and kind, multiplier, limits, headline, mean monthly count
    ("gp_appointments_attended", "additive", "gp_appointments_attended", *PEOPLE, 1000, "byar", True, 900),
    ("emergency_admissions", "additive", "emergency_admissions", *PEOPLE, 100000, "byar", True, 9),
    (
        "emergency_admissions_los_1_plus",
        "additive",
        "emergency_admissions_los_1_plus",
        *PEOPLE,
        100000,
        "byar",
        True,
        5,
    ),
    ("acs_chronic_admissions", "additive", "acs_chronic_admissions", *PEOPLE, 100000, "byar", True, 1),
    ("falls_admissions_65_plus", "additive", "falls_admissions_65_plus", *PEOPLE_65, 100000, "byar", True, 0.6),
    ("readmissions_30d", "additive", "readmissions_30d", "index_discharges", "activity", 100, "wilson", True, 1),
    ("spend_per_head", "additive", "spend_per_head", *PEOPLE, 1, "none", True, 40000),
    ("high_intensity_ae_users", "person_period", "ae_attendances_unplanned", *PEOPLE, 100000, "byar", False, 0.3),
)
TEAMS = (
    # int, pcn, hcp, practices
    ("DI001", "DP001", "DH1", 3),
    ("DI002", "DP002", "DH1", 2),
    ("DI003", "DP003", "DH1", 1),
    ("DI004", "DP004", "DH2", 2),
    ("DI005", "DP004", "DH2", 1),
    ("DI006", "DP005", "DH2", 4),
)
FIRST_MONTH = dt.date(2024, 6, 1)


def open_verdict(settings: Settings, delivery: str = "2025-10", results: list[CheckResult] | None = None) -> Verdict:
    """The gate's verdict on what stands in the warehouse: everything checked, one warning."""
    found = results or [
        CheckResult(
            check_id="dbt.indicator_values_grain", subject="marts.indicator_values", kind="dbt", severity=Severity.BLOCK,
            state=State.PASS, rows_examined=1000, message="1000 rows, none twice",
        ),
        CheckResult(
            check_id="drift.hes_apc_volume", subject="hes_apc", kind="drift", severity=Severity.WARN,
            state=State.WARN, rows_examined=26, violations=1, message="one month is 12 % above its past",
        ),
    ]  # fmt: skip
    cut = data_cut(dt.date(int(delivery[:4]), int(delivery[5:7]), 1))
    plan = Plan(delivery=delivery, data_cut=cut, versions={}, settings={}, registry="", models="", code="")
    receipt = Receipt(
        plan=plan, seal_of_build=seal_build(settings, plan), code_fingerprint="", suites={}, results=tuple(found)
    )
    is_open = not any(r.state in (State.FAIL, State.ERROR) and r.severity is Severity.BLOCK for r in found)
    return Verdict(delivery=delivery, data_cut=cut, is_open=is_open, results=tuple(found), receipt=receipt)


def make_home(root: Path, **build: object) -> Settings:
    settings = Settings(home=root, threads=1, memory_limit="1GB", releases_kept=3)
    settings.paths.create()
    build_warehouse(settings, **build)  # type: ignore[arg-type]
    write_manifest(settings)
    return settings


def build_warehouse(
    settings: Settings,
    delivery: str = "2025-10",
    restated: int = 0,
    seed: int = 1,
    scale: float = 1.0,
    drop_column: str | None = None,
    definition_version: str = "1.0",
    moved_practice: bool = False,
) -> None:
    """(Re)build `warehouse.duckdb` and `inputs.duckdb`; the last month is the delivery's."""
    last = dt.date(int(delivery[:4]), int(delivery[5:7]), 1)
    paths = settings.paths
    for file in (paths.warehouse_file, paths.inputs_file):
        file.unlink(missing_ok=True)
    with duckdb.connect(str(paths.inputs_file)) as inputs:
        _write_plan(inputs, delivery, last, restated)
    with duckdb.connect(str(paths.warehouse_file)) as warehouse:
        warehouse.execute("create schema marts; create schema as_at")
        _write_dims(warehouse, last, moved_practice, definition_version)
        _write_counts(warehouse, last, restated, seed, scale)
        _write_indicator_values(warehouse, definition_version)
        _write_other_marts(warehouse, last)
        if drop_column:
            relation, column = drop_column.rsplit(".", 1)
            warehouse.execute(f"alter table {relation} drop column {column}")


def data_cut(last: dt.date) -> dt.date:
    return (last.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def _write_plan(inputs: duckdb.DuckDBPyConnection, delivery: str, last: dt.date, restated: int) -> None:
    inputs.execute("create schema plan")
    inputs.execute(
        "create table plan.build as select ?::varchar as delivery, ?::date as data_cut, 'QZZ' as icb_code, "
        "'Demo Integrated Care Board' as icb_name, ?::date as first_month, ?::date as last_month",
        [delivery, data_cut(last), FIRST_MONTH, last],
    )
    inputs.execute(
        "create table plan.files (feed varchar, delivery varchar, version integer, file varchar, sha256 varchar, "
        "rows_read bigint, rows_loaded bigint, rows_quarantined bigint)"
    )
    for feed in ("ecds", "gp_registrations", "hes_apc", "int_membership"):
        content = f"{feed} {delivery} {restated}"
        inputs.execute(
            "insert into plan.files values (?, ?, 1, ?, sha256(?), 1000, 990, 10)",
            [feed, delivery, f"{feed}_{delivery}.csv", content],
        )
    inputs.execute(
        "create table plan.feed_status as select feed, true as is_delivered, true as is_required, delivery as newest_delivery, "
        "'demo' as person_id_space from plan.files"
    )


def _write_dims(warehouse: duckdb.DuckDBPyConnection, last: dt.date, moved_practice: bool, version: str) -> None:
    run = warehouse.execute
    run("create table teams (int_code varchar, pcn_code varchar, hcp_code varchar, practices integer)")
    warehouse.executemany("insert into teams values (?, ?, ?, ?)", TEAMS)
    run(
        """
        create table marts.dim_int as
        select int_code, 'Team ' || int_code as int_name, pcn_code, 'PCN ' || pcn_code as pcn_name, hcp_code,
            'Partnership ' || hcp_code as hcp_name, date '2020-04-01' as valid_from, null::date as valid_to,
            case when int_code = 'DI001' then date '2025-01-01' end as go_live_month, true as is_current, false as is_special
        from teams order by int_code
        """
    )
    run(
        """
        create table marts.dim_area as
        select 'int' as area_type, int_code as area_code, int_name as area_name, 'pcn' as parent_area_type, pcn_code as parent_area_code
        from marts.dim_int
        union all select distinct 'pcn', pcn_code, pcn_name, 'hcp', hcp_code from marts.dim_int
        union all select distinct 'hcp', hcp_code, hcp_name, 'icb', 'QZZ' from marts.dim_int
        union all select 'icb', 'QZZ', 'Demo Integrated Care Board', null, null
        """
    )
    run(
        """
        create table marts.dim_practice as
        select 'V9' || lpad((row_number() over (order by int_code, i))::varchar, 4, '0') as practice_code, 'Practice' as practice_name,
            int_code, date '2020-04-01' as valid_from, null::date as valid_to
        from teams, range(practices) as numbers(i)
        """
    )
    if moved_practice:
        run("update marts.dim_practice set int_code = 'DI002' where practice_code = 'V90001'")
    run(
        "create table marts.dim_month as select month::date as month, 'FY' as financial_year from "
        f"range(date '{FIRST_MONTH}', date '{last}' + interval 1 month, interval 1 month) as months(month)"
    )
    run(
        "create table marts.dim_cohort as select 'all' as cohort_id, 'Everybody' as title union all select 'age_65_plus', '65 and over'"
    )
    run(
        """
        create table marts.dim_indicator (indicator_id varchar, title varchar, definition varchar, measure_kind varchar,
            numerator_measure_id varchar, numerator varchar, denominator_measure_id varchar, denominator varchar,
            denominator_kind varchar, multiplier double, limits varchar, is_headline boolean, source varchar, owner varchar,
            definition_version varchar, known_limitations varchar, mean double)
        """
    )
    for name, kind, counted, divided, divided_kind, multiplier, limits, headline, mean in INDICATORS:
        warehouse.execute(
            "insert into marts.dim_indicator values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'the fixture', 'ICB intelligence team', ?, ?, ?)",
            [name, name.replace("_", " ").capitalize(), f"How many {name} there were.", kind, counted, f"Count of {counted}", divided,
             f"Count of {divided}", divided_kind, multiplier, limits, headline, version, "Made up.", mean],
        )  # fmt: skip

    run("alter table marts.dim_indicator add column status_groups varchar")
    run(
        "update marts.dim_indicator set status_groups = case when indicator_id like 'readmissions%' then 'discharges' else 'admissions' end"
    )


def _write_counts(warehouse: duckdb.DuckDBPyConnection, last: dt.date, restated: int, seed: int, scale: float) -> None:
    """`counts(indicator_id, int_code, month, numerator, denominator)`, one row per team and month, hash for dice."""
    warehouse.execute(
        f"""
        create table counts as
        with dice as (
            select indicators.indicator_id, indicators.mean, indicators.denominator_kind, int_code, practices, month,
                (hash(indicators.numerator_measure_id || int_code || month::varchar || '{seed}') % 10000) / 10000.0 as roll
            from marts.dim_indicator as indicators, teams, marts.dim_month
        ),
        drawn as (
            select *, case when mean > 1000 then round(mean * practices * (0.8 + 0.4 * roll), 2)
                else floor(mean * practices * {scale} * 2 * roll) end as drawn,
                1000 * practices + (hash(int_code || month::varchar) % 20) as population
            from dice
        )
        select indicator_id, int_code, month,
            drawn + case when month > date '{last}' - interval 3 month and mean between 2 and 1000 then {restated} else 0 end as numerator,
            case when denominator_kind = 'population' then population::double
                else 8 * practices + (hash(int_code || month::varchar || '{seed}') % 9) end as denominator
        from drawn
        """
    )
    # A part is never more than its whole.
    warehouse.execute(
        """
        update counts set numerator = least(counts.numerator, whole.numerator) from counts as whole
        where whole.indicator_id = 'emergency_admissions' and whole.int_code = counts.int_code and whole.month = counts.month
            and counts.indicator_id in ('emergency_admissions_los_1_plus', 'acs_chronic_admissions', 'falls_admissions_65_plus')
        """
    )
    warehouse.execute(
        "update counts set numerator = least(numerator, denominator) where indicator_id = 'readmissions_30d'"
    )


def _write_indicator_values(warehouse: duckdb.DuckDBPyConnection, version: str) -> None:
    warehouse.execute(
        f"""
        create table marts.indicator_values as
        with areas as (
            select int_code, unnest([
                {{'kind': 'int', 'code': int_code}}, {{'kind': 'pcn', 'code': pcn_code}}, {{'kind': 'hcp', 'code': hcp_code}},
                {{'kind': 'icb', 'code': 'QZZ'}}]) as area
            from marts.dim_int
        ),
        monthly as (
            select indicator_id, area.kind as area_type, area.code as area_code, month, sum(numerator) as numerator,
                sum(denominator) as denominator
            from counts inner join areas on counts.int_code = areas.int_code
            group by all
        ),
        rolling as (
            select indicator_id, area_type, area_code, month,
                sum(numerator) over w as numerator, sum(denominator) over w as denominator, count(*) over w as months
            from monthly
            window w as (partition by indicator_id, area_type, area_code order by month rows between 11 preceding and current row)
        ),
        both_periods as (
            select *, 'month' as period, 12 as months from monthly
            union all by name select *, 'rolling_12_months' as period from rolling
        ),
        divided_periods as (
            select both_periods.*,
                case when period <> 'month' and denominator_kind = 'population' then both_periods.denominator / 12
                    else both_periods.denominator end as divided
            from both_periods inner join marts.dim_indicator using (indicator_id)
        )
        select figures.indicator_id, 'all' as cohort_id, area_type, area_code, month, period,
            divided::bigint as registered_population, '{version}' as definition_version,
            case when months = 12 then figures.numerator end as numerator,
            case when months = 12 then divided end as denominator,
            catalogue.multiplier,
            case when months = 12 then catalogue.multiplier * figures.numerator / divided end as value,
            null::double as value_lower_95, null::double as value_upper_95, catalogue.limits as limit_method,
            null::double as standardised_value, null::double as standardised_value_lower_95,
            null::double as standardised_value_upper_95, 'none' as standardisation, null::double as baseline_value,
            null::double as target_value, null::double as gap_to_target, null::double as comparator_value,
            case when month > (select max(month) from monthly) - interval 6 month then 'provisional' else 'final' end as period_status,
            last_day(month) as period_end,
            case when months < 12 then 'fewer than 12 months' end as null_reason
        from divided_periods as figures
        inner join marts.dim_indicator as catalogue on figures.indicator_id = catalogue.indicator_id
        """
    )
    warehouse.execute("create table as_at.indicator_values as from marts.indicator_values")
    warehouse.execute("alter table marts.dim_indicator drop column mean")


def declared_columns() -> dict[str, dict[str, str]]:
    """`schema.table` -> columns and types of every mart, from the project's own YAML, so that the fixture cannot fall behind it."""
    found = {}
    for schema in MART_SCHEMAS:
        for file in sorted((PROJECT_ROOT / "dbt_project" / "models" / schema).glob("*.yml")):
            for model in yaml.safe_load(file.read_text()).get("models", []):
                # an as_at twin is declared beside its mart
                is_twin = model["name"].startswith("as_at_")
                name = f"{'as_at' if is_twin else schema}.{model['name'].removeprefix('as_at_')}"
                found[name] = {column["name"]: column["data_type"] for column in model["columns"]}
    return found


def _write_other_marts(warehouse: duckdb.DuckDBPyConnection, last: dt.date) -> None:
    """Every declared mart with every declared column; readmissions and spend get rows."""
    run = warehouse.execute
    for relation, columns in declared_columns().items():
        declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        run(f"create schema if not exists {relation.split('.')[0]}")
        run(f"create table if not exists {relation} ({declared})")
        for name, kind in columns.items():
            run(f'alter table {relation} add column if not exists "{name}" {kind}')
    for schema in ("marts", "as_at"):
        run(
            f"""
            insert into {schema}.readmissions by name
            select int_code, month, 1000 as registered_population, 'final' as period_status, 30 as window_days,
                denominator::bigint as discharges, numerator::bigint as readmissions, 100.0 * numerator / denominator as readmission_pct,
                month < date '{last}' as is_mature
            from main.counts where indicator_id = 'readmissions_30d'
            """
        )
        run(
            f"""
            insert into {schema}.spend_per_capita by name
            select int_code, month, 1000 as registered_population, 'final' as period_status, 'emergency' as point_of_delivery,
                'contract' as cost_basis, 10 as activity, 10 as activity_priced, numerator as spend_gbp,
                numerator / 1000 as spend_per_head_gbp, '2025/26' as price_year
            from main.counts where indicator_id = 'spend_per_head'
            """
        )


def write_manifest(settings: Settings) -> None:
    """dbt's manifest as far as the dictionary reads it: every mart has words, every column a description."""
    with duckdb.connect(str(settings.paths.warehouse_file), read_only=True) as warehouse:
        columns = warehouse.execute(
            "select table_schema, table_name, column_name from information_schema.columns where table_schema in ('marts', 'as_at', 'bi') "
            "order by table_schema, table_name, ordinal_position"
        ).fetchall()
    nodes: dict[str, dict] = {}
    for schema, table, column in columns:
        node = nodes.setdefault(
            f"model.demo.{schema}.{table}",
            {"resource_type": "model", "schema": schema, "name": f"{schema}_{table}", "alias": table,
             "description": f"The mart {table}.", "columns": {},
             "config": {"meta": {"grain": "as its key", "owner": "ICB intelligence team", "limits": "none known"}}},
        )  # fmt: skip
        node["columns"][column] = {"name": column, "description": f"What {column} means in {table}."}
    file = settings.paths.dbt / "target" / "manifest.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"nodes": nodes}))
