"""What a figure lacks, from whom and since when: what `delivery_gaps` says of it, how far it looks back and waits."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import duckdb

from orchestration.publishing.indicator_docs import read_seed
from orchestration.releases.receipt import ReleaseReceipt

ASKED_BY_KIND = {"imd_quintile": "small_area", "person_list": "person", "age": "age", "sex": "sex"}


def what_is_missing(
    connection: duckdb.DuckDBPyConnection, receipt: ReleaseReceipt, indicator: dict[str, Any], figure: dict[str, Any]
) -> list[str]:
    """Of a figure that is known and complete nothing."""
    reason, month = figure.get("null_reason"), figure["month"]
    if reason is None and figure.get("period_status") != "incomplete":
        return []
    sentences = [row["meaning"] for row in read_seed("null_reasons") if row["null_reason"] == reason]
    measures = {str(indicator.get(f"{side}_measure_id")) for side in ("numerator", "denominator")}
    asked = [row for row in read_seed("measure_requirements") if row["measure_id"] in measures]
    cohort = next((row for row in read_seed("cohorts") if row["cohort_id"] == figure["cohort_id"]), None)
    looks_back = max(
        [0, *(int(row["look_back_months"]) for row in asked), int((cohort or {}).get("months_of_history") or 0)]
    )
    waits = int(indicator.get("maturity_lag_days") or 0)
    if reason == "history_too_short":
        begins = dt.date.fromisoformat(receipt.first_month)
        sentences.append(f"It looks back {looks_back} months, and this release begins with {begins:%B %Y}.")
    if reason == "follow_up_not_over":
        over, cut = next_month(month) + dt.timedelta(days=waits - 1), dt.date.fromisoformat(receipt.data_cut)
        sentences.append(f"It waits for what happens up to {over:%-d %B %Y}; the data end on {cut:%-d %B %Y}.")
    has_gaps = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'marts' and table_name = 'delivery_gaps'"
    ).fetchone()
    if has_gaps is None:
        return sentences
    groups = re.split(
        r"[;|]", ";".join([str(indicator.get("status_groups") or ""), *(row["status_groups"] for row in asked)])
    )
    by_group = feeds_by_status_group()
    found = connection.execute(
        "select sentence from marts.delivery_gaps where (list_contains(?, feed) or feed = 'gp_registrations' and ?) "
        "and (area_code = '' or area_type = ? and area_code = ?) "
        "and last_month >= ?::date - to_months(?) and first_month <= ?::date + to_months(?) "
        "and (property = '' or list_contains(?, property)) order by first_month, gap_kind, sentence",
        [
            sorted({by_group[group] for group in groups if group in by_group}),
            indicator.get("denominator_kind") != "activity",
            figure["area_type"],
            figure["area_code"],
            # look-back and follow-up reach beyond the period itself
            month,
            looks_back + (0 if figure["period"] == "month" else 11),
            month,
            -(-waits // 28),
            asked_of_records(asked, indicator, figure["cohort_id"], cohort),
        ],
    ).fetchall()
    return sentences + [sentence for (sentence,) in found]


def asked_of_records(
    asked: list[dict[str, str]], indicator: dict[str, Any], cohort_id: str, cohort: dict[str, str] | None
) -> list[str]:
    """The properties that a figure asks of its records: its measures', its cohort's, and the person where people are counted."""
    said = {name for row in asked for name in row["asks"].split(";") if name}
    kind = cohort["kind"] if cohort else "person_list"
    said.add(cohort_id if kind == "event_flag" else ASKED_BY_KIND.get(kind, ""))
    if indicator.get("measure_kind") == "person_period":
        said.add("person")
    return sorted(said - {""})


def feeds_by_status_group() -> dict[str, str]:
    return {row["status_group"]: row["feed"] for row in read_seed("status_groups")}


def next_month(month: dt.date) -> dt.date:
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
