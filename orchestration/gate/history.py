"""What the drift queries read: profiles of every delivery, each month marked by the delivery that supplies it.

Temporary tables in the read-only connection: `seen_profile(feed, delivery, column_name, provider_code, month, rows, nulls)`,
`seen_codes(feed, delivery, column_name, provider_code, month, code, rows)`, `seen_volume(feed, delivery, provider_code, month, y)`
and `this_build(delivery, data_cut, first_month, last_month, flag_pct)`. They hold a row per column × month × provider, never one per
record. `seen_people` holds, inside this connection only, what each feed says about a person's sex, year of birth, practice and home,
from a sample of people that grows no further once it is large enough; `seen_membership` the map of practices as every delivery gave
it; `seen_reference` what reference tables said; `previous_figures` and `previous_plan` what was published for an earlier delivery.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.build.inputs import manifests_up_to
from orchestration.contracts import load_contracts
from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import literal
from orchestration.foundation.warehouse import Warehouse
from orchestration.releases.listing import previous_release

# Records about people are compared for one person in so many, so that about this many records are read into memory.
PEOPLE_RECORDS = 1_000_000
# A figure with this many events moves by 5 % only when five records or more were restated.
LARGE_ENOUGH = 100
# feed -> what one data set is, and what names the newest of those that a provider sent (definitions E6: the day it was made)
VERSIONED = {
    "contract_activity": (
        "provider_code, commissioner_code, financial_year, financial_month",
        "cast(created_timestamp as date)",
    )
}
# feed -> key and value of the tables that say the same of the same key, delivery after delivery. A team's go-live counts once it is
# a quarter of a year old at the data cut: until then it is a plan.
REFERENCES = {
    "lsoa_deprivation": ("lsoa_code", "imd_decile"),
    "ods_practices": ("practice_code", "concat_ws(' ', sub_icb_code, status)"),
    "ods_succession": ("predecessor_code", "successor_code"),
    "int_membership": (
        "int_code",
        "concat_ws(' ', int_name, hcp_code, case when go_live_month < data_cut - interval 3 months then go_live_month end)",
    ),
    "person_cohorts": ("concat_ws(' ', person_id, cohort_id)", "valid_to is null"),
}
SEEN_COLUMNS = {
    "profile": "column_name varchar, provider_code varchar, month date, rows bigint, nulls bigint",
    "codes": "column_name varchar, provider_code varchar, month date, code varchar, rows bigint",
}


def stands(feed: str, *within: str) -> str:
    """Whether a row (or a group of rows by data set and day) belongs to the newest of its data set; a row that gives no day does."""
    data_set, newest = VERSIONED[feed]
    return f"coalesce({newest} = max({newest}) over (partition by {', '.join([*within, data_set])}), true)"


def standing_rows(feed: str) -> str:
    """The rows of a feed that count: a month that a provider sent twice is there once."""
    rows = f"inputs.live.{feed}"
    return f"(from {rows} qualify {stands(feed)})" if feed in VERSIONED else rows


def create_history(warehouse: Warehouse, settings: Settings) -> None:
    connection = warehouse.connection
    connection.execute(
        "create temp table this_build as select delivery, data_cut, first_month, last_month, ? as flag_pct from inputs.plan.build",
        [settings.restatement_flag_pct],
    )
    delivery = warehouse.rows("select delivery from this_build")[0][0]
    folders = [
        folder
        for feed_folder in sorted(settings.paths.lake.glob("*"))
        for folder in _versions_in_force(settings, feed_folder.name, delivery)
    ]
    for name, columns in SEEN_COLUMNS.items():
        connection.execute(f"create temp table seen_{name} (feed varchar, delivery varchar, {columns})")
        if folders:
            wanted = ", ".join(
                column.split()[0] for column in columns.replace("month date", "coverage_month date").split(", ")
            )
            connection.execute(
                f"insert into seen_{name} select regexp_extract(filename, '([^/]+)/delivery=([^/]+)/version=', 1), "
                f"regexp_extract(filename, '([^/]+)/delivery=([^/]+)/version=', 2), {wanted} "
                "from read_parquet(?, filename = true, hive_partitioning = false)",
                [[(folder / f"{name}.parquet").as_posix() for folder in folders]],
            )
    create_volume(warehouse, folders)
    create_people(warehouse)
    create_membership(warehouse, settings, delivery)
    create_references(warehouse, settings, delivery)
    create_previous_figures(warehouse, settings, delivery)


# table of what an earlier release said -> where it stands there, and which of its rows are compared
EARLIER = {
    "previous_figures": (
        "indicator_values",
        "indicator_id varchar, cohort_id varchar, area_type varchar, area_code varchar, month date, period varchar, "
        "definition_version varchar, value double",
        f"cohort_id = 'all' and value <> 0 and numerator >= {LARGE_ENOUGH} and period_status <> 'incomplete'",
    ),
    "previous_plan": (
        "evaluation_plan",
        "wave_id varchar, indicator_id varchar, cohort_id varchar, registered_on date, row_hash varchar, go_live_month date",
        "is_registered_before_go_live",
    ),
}


def create_previous_figures(warehouse: Warehouse, settings: Settings, delivery: str) -> None:
    """`previous_figures`: figures over everybody, large enough to compare, and `previous_plan`: what was registered before go-live, of
    the release of an earlier delivery that readers had before; none without a whole one. A release of this very delivery is never
    compared with: the check would come out otherwise once it is published."""
    connection = warehouse.connection
    for name, (_, columns, _) in EARLIER.items():
        connection.execute(f"create temp table {name} ({columns})")
    earlier = previous_release(settings, lambda its: its < delivery)
    if earlier is None:
        return
    connection.execute(f"attach if not exists {literal(earlier.database.absolute())} as previous (read_only)")
    for name, (mart, columns, where) in EARLIER.items():
        if f"marts.{mart}" in earlier.rows_by_table:
            names = ", ".join(column.split()[0] for column in columns.split(", "))
            connection.execute(f"insert into {name} select {names} from previous.marts.{mart} where {where}")
    connection.execute("detach previous")


def create_volume(warehouse: Warehouse, folders: list[Path]) -> None:
    """`seen_volume(feed, delivery, provider_code, month, y)`: rows that count. A feed in which a month can stand in several data sets
    (`VERSIONED`) counts the newest alone, as the models do: a provider that sent a month twice has not doubled."""
    warehouse.connection.execute(
        "create temp table seen_volume as select feed, delivery, coalesce(provider_code, '') as provider_code, month, max(rows) as y "
        "from seen_profile where month is not null group by all"
    )
    for feed, (data_set, newest) in VERSIONED.items():
        files = [str(path) for folder in folders if folder.parts[-3] == feed for path in folder.rglob("part-*.parquet")]
        if files:
            warehouse.connection.execute("delete from seen_volume where feed = ?", [feed])
            warehouse.connection.execute(
                "insert into seen_volume select ?, delivery, coalesce(provider_code, ''), coverage_month, sum(rows) from ("
                f"select delivery, coverage_month, {data_set}, count(*) as rows from read_parquet(?, hive_partitioning = false) "
                f"where coverage_month is not null group by delivery, coverage_month, {data_set}, {newest} "
                f"qualify {stands(feed, 'delivery')}"
                ") group by all",
                [feed, sorted(files)],
            )


def create_people(warehouse: Warehouse) -> None:
    """`seen_people(feed, space, provider_code, person_id, is_newest, is_last_month, sex, birth_year, practice_code, lsoa_code)`."""
    warehouse.connection.execute(
        "create temp table seen_people (feed varchar, space varchar, provider_code varchar, person_id varchar, is_newest boolean, "
        "is_last_month boolean, sex varchar, birth_year double, practice_code varchar, lsoa_code varchar)"
    )
    status = dict(warehouse.rows("select feed, person_id_space from inputs.plan.feed_status where is_delivered"))
    feeds = [
        contract
        for name, contract in load_contracts().items()
        if name in status and {"person_id", "sex", "age_years"} <= {column.name for column in contract.columns}
    ]
    records = sum(warehouse.row_count(f"inputs.live.{contract.feed}") for contract in feeds)
    one_in = max(1, round(records / PEOPLE_RECORDS))
    for contract in feeds:
        date = contract.coverage_date or "coverage_month"
        provider = f"coalesce({contract.provider}, '')" if contract.provider else "''"
        named = {column.name for column in contract.columns}
        # the newest one said; of two on one day the later in the alphabet, so that the order of rows means nothing
        lsoa = f"arg_max(lsoa11, concat({date}, lsoa11))" if "lsoa11" in named else "null"
        warehouse.connection.execute(
            f"insert into seen_people select '{contract.feed}', ?, {provider}, person_id, live.delivery = b.delivery, "
            "coverage_month = b.last_month, max(sex) filter (where sex in ('male', 'female')), "
            f"max(year(cast({date} as date)) - age_years), arg_max(practice_code, concat({date}, practice_code)), {lsoa} "
            f"from inputs.live.{contract.feed} as live, this_build as b "
            f"where person_id is not null and hash(person_id) % {one_in} = 0 and coverage_month between b.first_month and b.last_month "
            "group by all",
            [status[contract.feed]],
        )


def create_membership(warehouse: Warehouse, settings: Settings, delivery: str) -> None:
    """`seen_membership(delivery, practice_code, int_code, valid_from, valid_to)`: the map of each delivery up to this one."""
    warehouse.connection.execute(
        "create temp table seen_membership (delivery varchar, practice_code varchar, int_code varchar, valid_from date, valid_to date)"
    )
    for folder in _versions_in_force(settings, "int_membership", delivery):
        files = [str(path) for path in sorted(folder.rglob("part-*.parquet"))]
        if files:
            warehouse.connection.execute(
                "insert into seen_membership select ?, practice_code, int_code, valid_from, valid_to "
                "from read_parquet(?, hive_partitioning = false)",
                [folder.parent.name.removeprefix("delivery="), files],
            )


def create_references(warehouse: Warehouse, settings: Settings, delivery: str) -> None:
    """`seen_reference(feed, delivery, key, value)`: what each of the last two deliveries of a reference table says of a key."""
    warehouse.connection.execute(
        "create temp table seen_reference (feed varchar, delivery varchar, key varchar, value varchar)"
    )
    for feed, (key, value) in REFERENCES.items():
        for folder in _versions_in_force(settings, feed, delivery)[-2:]:
            files = [str(path) for path in sorted(folder.rglob("part-*.parquet"))]
            if files:
                warehouse.connection.execute(
                    f"insert into seen_reference select ?, ?, {key}, max(cast({value} as varchar)) "
                    f"from read_parquet(?, hive_partitioning = false), this_build where {key} is not null group by all",
                    [feed, folder.parent.name.removeprefix("delivery="), files],
                )


def _versions_in_force(settings: Settings, feed: str, up_to: str) -> list[Path]:
    """The folder of every live delivery of a feed up to this one, each in the version that is in force."""
    folders = [version.folder(settings.paths) for version in manifests_up_to(settings.paths, up_to).get(feed, [])]
    return [folder for folder in folders if (folder / "profile.parquet").exists()]
