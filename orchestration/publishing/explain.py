"""One figure, traced: from the current release through the rule that made it to the delivered files it came from."""

from __future__ import annotations

import datetime as dt
import re
from difflib import get_close_matches
from typing import Any

import duckdb
from pydantic import BaseModel

from orchestration.build.inputs import live_segments, manifests_up_to
from orchestration.contracts import load_contracts
from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import PROJECT_ROOT, Settings
from orchestration.publishing.missing import feeds_by_status_group, what_is_missing
from orchestration.releases.listing import Release, current_release

# What every figure stands on, whichever events it counts: who is registered where, and which practice belongs to which team.
GEOGRAPHY_FEEDS = ("int_membership", "ods_practices", "ods_succession")
POPULATION_FEEDS = ("gp_registrations",)
# Activity that no contract or payment prices is priced at unit cost, so any feed of activity may be in a figure of spend.
COST_FEEDS = (
    "contract_activity", "gp_payments", "gp_appointments", "gp_appointments_published", "hes_apc", "hes_op", "ecds", "community_contacts",
)  # fmt: skip
AREA_ORDER = ("int", "pcn", "hcp", "icb")


class SourceFile(BaseModel):
    """A delivered file that supplies months of the figure, as the receipt and the lake's manifest describe it."""

    feed: str
    delivery: str
    file: str
    sha256: str
    rows_read: int | None
    rows_loaded: int | None
    rows_quarantined: int | None
    months: list[str]


class Explanation(BaseModel):
    release_id: str
    data_cut: str
    indicator_id: str
    title: str
    area_type: str
    area_code: str
    area_name: str
    month: str
    period: str
    cohort_id: str
    numerator: float | None
    denominator: float | None
    multiplier: float
    value: float | None
    value_lower_95: float | None
    value_upper_95: float | None
    limit_method: str | None
    period_status: str | None
    null_reason: str | None
    rule: str
    numerator_rule: str
    denominator_rule: str
    definition_version: str
    source: str
    known_limitations: str
    previous_release: str | None
    previous_value: float | None
    restatement_reason: str | None
    files: list[SourceFile]
    files_note: str | None
    checks: list[dict[str, Any]]
    code_version: str
    missing: list[str]
    model: str
    sql_file: str

    def text(self) -> str:
        shown = f"{self.value:,.4g}" if self.value is not None else f"no value ({self.null_reason or 'unknown'})"
        limits = (
            f" (95 % limits {self.value_lower_95:,.4g} to {self.value_upper_95:,.4g}, {self.limit_method})"
            if self.value_lower_95 is not None and self.value_upper_95 is not None
            else ""
        )
        span = {"month": "month", "reported": "reported for the period to"}.get(self.period, "12 months to")
        lines = [
            f"{self.title}: {shown}{limits}",
            f"  {self.area_name} ({self.area_type} {self.area_code}), {span} {self.month}, people: {self.cohort_id}, {self.period_status}",
            f"  release {self.release_id}, data cut {self.data_cut}, code {self.code_version}",
            f"  numerator {_number(self.numerator)}: {self.numerator_rule}",
            f"  denominator {_number(self.denominator)}: {self.denominator_rule}",
            f"  value = numerator / denominator x {self.multiplier:,.0f}",
            f"  rule, version {self.definition_version} ({self.source}): {self.rule}",
        ]
        lines += [f"  missing: {sentence}" for sentence in self.missing]
        lines.append(f"  counted by {self.model} ({self.sql_file})")
        if self.known_limitations:
            lines.append(f"  known limits: {self.known_limitations}")
        if self.previous_release:
            lines.append(
                f"  was {_number(self.previous_value)} in release {self.previous_release}: {self.restatement_reason}"
            )
        lines.append(f"  files ({len(self.files)}):")
        lines += [
            f"    {file.feed}  delivery {file.delivery}  {file.file}  sha256 {file.sha256[:12]}"
            f"  read {_number(file.rows_read)}, loaded {_number(file.rows_loaded)}, quarantined {_number(file.rows_quarantined)}"
            + (f"  its delivery supplies {_span(file.months)}" if file.months else "")
            for file in self.files
        ]
        if self.files_note:
            lines.append(f"    {self.files_note}")
        lines.append(f"  checks ({len(self.checks)}):")
        lines += [
            f"    {check['state']:<5} {check['check_id']} on {check['subject']}: {check['message']}"
            for check in self.checks
        ]
        return "\n".join(lines)


def explain(
    settings: Settings, int_code: str, indicator_id: str, month: str, period: str = "month", cohort: str = "all"
) -> Explanation:
    """Trace a figure of the current release. `int_code` may be any area's code; `month` is YYYY-MM.

    Raises `UsageError` naming what does not exist: the release, the indicator, the area, the month.
    """
    release = current_release(settings)
    if release is None:
        raise UsageError("there is no release yet: run `int-marts refresh`")
    first = _first_day(month)
    with duckdb.connect(str(release.database), read_only=True) as connection:
        indicator = _one(connection, "select * from marts.dim_indicator where indicator_id = ?", [indicator_id])
        if indicator is None:
            known = connection.execute("select indicator_id from marts.dim_indicator order by 1").fetchall()
            raise UsageError(
                f"there is no indicator {indicator_id}{_did_you_mean(indicator_id, [name for (name,) in known])}; "
                "dictionary.html of the release lists them"
            )
        # what is reported has no months of its own, but periods that end in one
        is_reported = str(indicator.get("measure_kind") or "").startswith("reported_")
        period = "reported" if is_reported and period == "month" else period
        figure = _figure(connection, int_code, indicator_id, first, period, cohort)
        area = _one(
            connection,
            "select area_name from marts.dim_area where area_type = ? and area_code = ?",
            [figure["area_type"], figure["area_code"]],
        )
        restated = _one(
            connection,
            "select * from marts.restatements where indicator_id = ? and cohort_id = ? and area_type = ? and area_code = ? "
            "and month = ? and period = ?",
            [indicator_id, cohort, figure["area_type"], figure["area_code"], first, period],
        )
        missing = what_is_missing(connection, release.receipt, indicator, figure)
    feeds = _feeds_of(indicator, {entry.feed for entry in release.receipt.inputs})
    model, sql_file = _where_counted(str(indicator.get("numerator_measure_id") or indicator_id), is_reported)
    files, note = _files(settings, release, feeds, first, period)
    return Explanation(
        release_id=release.release_id,
        data_cut=release.receipt.data_cut,
        indicator_id=indicator_id,
        title=str(indicator.get("title") or indicator_id),
        area_type=figure["area_type"],
        area_code=figure["area_code"],
        area_name=str((area or {}).get("area_name") or figure["area_code"]),
        month=month,
        period=period,
        cohort_id=cohort,
        rule=str(indicator.get("definition") or ""),
        numerator_rule=str(indicator.get("numerator") or ""),
        denominator_rule=str(indicator.get("denominator") or ""),
        definition_version=str(figure["definition_version"]),
        source=str(indicator.get("source") or ""),
        known_limitations=str(indicator.get("known_limitations") or ""),
        previous_release=(restated or {}).get("previous_release"),
        previous_value=(restated or {}).get("previous_value"),
        restatement_reason=(restated or {}).get("reason"),
        files=files,
        files_note=note,
        checks=_checks(release, feeds),
        code_version=release.receipt.git_commit,
        missing=missing,
        model=model,
        sql_file=sql_file,
        **{
            name: figure.get(name)
            for name in (
                "numerator", "denominator", "multiplier", "value", "value_lower_95", "value_upper_95", "limit_method",
                "period_status", "null_reason",
            )
        },
    )  # fmt: skip


def _figure(
    connection: duckdb.DuckDBPyConnection, area: str, indicator_id: str, month: dt.date, period: str, cohort: str
) -> dict[str, Any]:
    """The row of `indicator_values`; where a code names areas of two kinds (a PCN that is one team), the smallest."""
    key: dict[str, Any] = {
        "indicator_id": indicator_id,
        "area_code": area,
        "cohort_id": cohort,
        "period": period,
        "month": month,
    }
    wanted = " and ".join(f"{name} = ?" for name in key)
    ordered = f"order by list_position({list(AREA_ORDER)}, area_type)"
    found = _one(connection, f"select * from marts.indicator_values where {wanted} {ordered}", list(key.values()))
    if found is not None:
        return found
    # Say which part of the question has no answer: leave one out at a time.
    for name in ("area_code", "cohort_id", "period", "month"):
        others = {other: value for other, value in key.items() if other != name}
        rest = " and ".join(f"{other} = ?" for other in others)
        beside = _one(
            connection,
            f"select min({name}) as a, max({name}) as b from marts.indicator_values where {rest}",
            list(others.values()),
        )
        if beside and beside["a"] is not None:
            said = {"area_code": "area", "cohort_id": "cohort", "period": "period", "month": "month"}[name]
            shown = f"{month:%Y-%m}" if name == "month" else key[name]
            if name == "month":
                span = f"from {beside['a']:%Y-%m} to {beside['b']:%Y-%m}"
            else:
                rows = connection.execute(
                    f"select distinct {name} from marts.indicator_values where {rest} order by 1", list(others.values())
                ).fetchall()
                names = [str(found) for (found,) in rows]
                span = f"such as {beside['a']} or {beside['b']}{_did_you_mean(str(key[name]), names)}"
            raise UsageError(f"{indicator_id} has no {said} {shown}; there is one {span}")
    raise UsageError(
        f"{indicator_id} has no figure for {area}, {cohort}, {period}, {month:%Y-%m} in the current release"
    )


def _did_you_mean(said: str, names: list[str]) -> str:
    close = get_close_matches(said.lower(), [name.lower() for name in names], n=2, cutoff=0.6)
    meant = [name for name in names if name.lower() in close]
    return f"; did you mean {' or '.join(meant[:2])}?" if meant else ""


def _where_counted(measure: str, is_reported: bool) -> tuple[str, str]:
    """The models that count a measure and their files: those whose SQL, or a macro it calls, names the measure."""
    project = PROJECT_ROOT / "dbt_project"
    if is_reported:
        return "reported_figures", "dbt_project/models/indicators/reported_figures.sql"
    named = f"'{measure}':"
    macros = "".join(
        path.read_text(encoding="utf-8") for path in sorted((project / "macros" / "measures").glob("*.sql"))
    )
    calls = [
        found[1] for found in re.finditer(r"{% macro (\w+)\(.*?{%- endmacro %}", macros, re.DOTALL) if named in found[0]
    ]
    models = {path: path.read_text("utf-8") for path in sorted((project / "models" / "measures").rglob("*.sql"))}
    files = [path for path, sql in models.items() if named in sql or any(f"{call}()" in sql for call in calls)]
    # a column of that name counts it only where nothing names the measure: an inner step may call a column so
    files = files or [path for path, sql in models.items() if re.search(rf"\bas {measure}\b", sql)]
    files = files or [project / "models" / "indicators" / "indicator_counts.sql"]
    return ", ".join(path.stem for path in files), ", ".join(
        path.relative_to(PROJECT_ROOT).as_posix() for path in files
    )


def _feeds_of(indicator: dict[str, Any], used: set[str]) -> list[str]:
    """The feeds a figure counts from (by the groups the catalogue names), then those it divides and places by."""
    by_group = feeds_by_status_group()
    groups = re.split(r"[;|]", str(indicator.get("status_groups") or ""))
    named = [by_group[group] for group in groups if group in by_group]
    named += COST_FEEDS if indicator.get("theme") == "cost" else ()
    counted = [feed for feed in named if feed in used]
    divided = POPULATION_FEEDS if indicator.get("denominator_kind") != "activity" else ()
    return list(dict.fromkeys([*counted, *(feed for feed in (*divided, *GEOGRAPHY_FEEDS) if feed in used)]))


def _files(
    settings: Settings, release: Release, feeds: list[str], month: dt.date, period: str
) -> tuple[list[SourceFile], str | None]:
    """The files of these feeds that supplied the months of the figure, by the lake's manifests where they still stand."""
    months = {
        f"{(last := month.year * 12 + month.month - 1 - back) // 12}-{last % 12 + 1:02d}"
        for back in range(12 if period == "rolling_12_months" else 1)
    }
    supplied = _supplied_months(settings, release.delivery)
    listed = {feed: set().union(*(m for (f, _), m in supplied.items() if f == feed)) for feed in POPULATION_FEEDS}
    found, is_lake_gone = [], False
    for entry in release.receipt.inputs:
        if entry.feed not in feeds:
            continue
        served = supplied.get((entry.feed, entry.delivery))
        is_lake_gone |= served is None
        dated = entry.feed not in GEOGRAPHY_FEEDS
        shown = sorted(months & served) if served is not None and dated else []
        # a list carries forward over months that have none: only then may an earlier one stand behind the figure
        carries_forward = entry.feed in POPULATION_FEEDS and not months <= listed[entry.feed]
        if served is not None and dated and not shown and not carries_forward:
            continue
        found.append(
            SourceFile(
                feed=entry.feed, delivery=entry.delivery, file=entry.file, sha256=entry.sha256, rows_read=entry.rows_read,
                rows_loaded=entry.rows_loaded, rows_quarantined=entry.rows_quarantined, months=shown,
            )
        )  # fmt: skip
    found.sort(key=lambda file: (feeds.index(file.feed), file.delivery, file.file))
    note = "some of these deliveries are no longer in the lake: their months are not known" if is_lake_gone else None
    return found, note


def _supplied_months(settings: Settings, delivery: str) -> dict[tuple[str, str], set[str]]:
    """(feed, delivery) -> the coverage months that delivery supplies to a build for `delivery`."""
    contracts = load_contracts()
    supplied: dict[tuple[str, str], set[str]] = {}
    for feed, delivered in manifests_up_to(settings.paths, delivery).items():
        for manifest in delivered:
            supplied.setdefault((feed, manifest.delivery), set())
        for segment in live_segments(contracts[feed], delivered):
            supplied[(feed, segment.manifest.delivery)] |= set(segment.months)
    return supplied


def _checks(release: Release, feeds: list[str]) -> list[dict[str, Any]]:
    """Checks about these feeds and about the table the figure stands in; what did not pass comes first."""
    about = {*feeds, *(f"live.{feed}" for feed in feeds), "marts.indicator_values", "indicator_values"}
    chosen = [
        check for check in release.receipt.checks if check.subject in about or check.subject.split("/")[0] in about
    ]
    order = ("error", "fail", "warn", "pass", "not_applicable")
    chosen.sort(key=lambda check: (order.index(check.state.value), check.check_id, check.subject))
    told = {"check_id", "subject", "state", "is_waived", "message"}
    return [check.model_dump(mode="json", include=told) for check in chosen]


def _one(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any]) -> dict[str, Any] | None:
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row is not None else None


def _first_day(month: str) -> dt.date:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"{month!r} is not a month: write it as YYYY-MM")
    return dt.date(int(month[:4]), int(month[5:]), 1)


def _span(months: list[str]) -> str:
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _number(value: float | int | None) -> str:
    return "unknown" if value is None else f"{value:,.10g}"
