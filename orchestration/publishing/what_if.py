"""What a proposed map of teams would hold: list, need, use and spend of each, from a release and without touching it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel

from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import Settings
from orchestration.releases.listing import current_release

COUNTS = ("gp_appointments", "ae_attendances", "outpatient_attendances", "emergency_admissions", "occupied_bed_days")
FEW_EVENTS = 60
"""Emergency admissions a year below which a team's monthly chart has no limits: five a month (definitions C10)."""
SMALL_LIST, LARGE_LIST = 20_000, 70_000
"""Lists that a team is seldom meant to have: a network holds 30,000 to 50,000 people."""


class Team(BaseModel):
    int_code: str
    practices: int
    registered_population: int
    need_weighted_population: float | None
    need_index: float | None
    gp_appointments: int | None
    ae_attendances: int | None
    outpatient_attendances: int | None
    emergency_admissions: int | None
    occupied_bed_days: int | None
    spend_gbp: float | None
    spend_per_head_gbp: float | None
    warnings: list[str]


class WhatIf(BaseModel):
    release_id: str
    first_month: str
    last_month: str
    teams: list[Team]
    practices_without_team: list[str]
    practices_not_known: list[str]
    method: str

    def text(self) -> str:
        lines = [
            f"release {self.release_id}, {self.first_month} to {self.last_month}",
            f"{'team':<12}{'practices':>10}{'list':>10}{'need':>10}{'index':>9}{'emerg. adm.':>12}{'bed days':>10}{'£ a head':>10}",
        ]
        for team in self.teams:
            lines.append(
                f"{team.int_code:<12}{team.practices:>10}{team.registered_population:>10,}{said(team.need_weighted_population):>10}"
                f"{said(team.need_index, 2):>9}{said(team.emergency_admissions):>12}{said(team.occupied_bed_days):>10}"
                f"{said(team.spend_per_head_gbp):>10}"
            )
            lines += [f"  warning: {warning}" for warning in team.warnings]
        if self.practices_without_team:
            lines.append(f"not in the map: {', '.join(self.practices_without_team)}")
        if self.practices_not_known:
            lines.append(f"in the map and not in the release: {', '.join(self.practices_not_known)}")
        return "\n".join([*lines, self.method])


METHOD = (
    "Need is the list weighted by what the ICB's average emergency use is of people of that sex and age and of that fifth of deprivation, "
    "scaled to the ICB's list: it shows where need is likely, not need that nobody has met. A map that is compared with another one "
    "changes no care: figures before and after are of the same people."
)


def what_if(settings: Settings, membership: Path) -> WhatIf:
    """The teams of a proposed map (`practice_code,int_code`, further columns are left alone). Read-only.

    Raises `UsageError` where the map cannot be read, names a practice twice or there is no release.
    """
    release = current_release(settings)
    if release is None:
        raise UsageError("there is no release yet: run `int-marts refresh`")
    proposed = read_map(membership)
    with duckdb.connect(str(release.database), read_only=True) as connection:
        cursor = connection.execute("select * from marts.practice_profile order by practice_code")
        names = [column[0] for column in cursor.description or []]
        practices = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    if not practices:
        raise UsageError(f"release {release.release_id} holds no practices")
    first, last = next(iter(practices.values()))["first_month"], next(iter(practices.values()))["last_month"]
    members: dict[str, list[dict]] = {team: [] for team in sorted(set(proposed.values()))}
    for code, team in proposed.items():
        if code in practices:
            members[team].append(practices[code])
    return WhatIf(
        release_id=release.release_id, first_month=f"{first:%Y-%m}", last_month=f"{last:%Y-%m}",
        teams=[team_of(code, held) for code, held in members.items()],
        practices_without_team=sorted(set(practices) - set(proposed)),
        practices_not_known=sorted(set(proposed) - set(practices)), method=METHOD,
    )  # fmt: skip


def read_map(path: Path) -> dict[str, str]:
    """practice → team."""
    if not path.is_file():
        raise UsageError(f"{path} is no file")
    try:
        text = path.read_text(encoding="utf-8-sig")
        header, *rows = (
            csv.reader(io.StringIO(text, newline=""), strict=True) if text.strip() and "\0" not in text else [[]]
        )
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(f"{path.name} is not a CSV file in UTF-8") from None
    names = [name.strip().casefold() for name in header]
    if not {"practice_code", "int_code"} <= set(names):
        raise UsageError(f"{path.name} needs the columns practice_code and int_code")
    found: dict[str, str] = {}
    for cells in rows:
        row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        practice, team = row.get("practice_code", "").upper(), row.get("int_code", "")
        if row.get("valid_to") or not practice or not team:
            continue
        if found.setdefault(practice, team) != team:
            raise UsageError(f"{path.name} puts practice {practice} into two teams, {found[practice]} and {team}")
    if not found:
        raise UsageError(f"{path.name} puts no practice into a team")
    return found


def total(values: list[Any]) -> Any:
    """What is not known of one practice is not known of its team; of no practice nothing is known."""
    return None if not values or any(value is None for value in values) else sum(values)


def said(value: float | None, places: int = 0) -> str:
    return "unknown" if value is None else f"{value:,.{places}f}"


def per_head(value: float | None, people: int) -> float | None:
    return None if value is None or not people else float(value) / people


def team_of(code: str, practices: list[dict]) -> Team:
    people = sum(practice["registered_population"] for practice in practices)
    need = total([practice["need_weighted_population"] for practice in practices])
    counts = {name: total([practice[name] for practice in practices]) for name in COUNTS}
    spend = total([practice["spend_gbp"] for practice in practices])
    warnings = []
    if not practices:
        warnings.append("none of its practices is in the release")
    elif people < SMALL_LIST:
        warnings.append(f"a list below {SMALL_LIST:,}: its rates swing with chance")
    elif people > LARGE_LIST:
        warnings.append(f"a list above {LARGE_LIST:,}: larger than a network is meant to be")
    admissions = counts["emergency_admissions"]
    if practices and admissions is not None and admissions < FEW_EVENTS:
        warnings.append(f"fewer than {FEW_EVENTS} emergency admissions a year: its monthly chart will have no limits")
    incomplete = sorted(
        {name for practice in practices for name in (practice.get("incomplete_counts") or "").split(";")} - {""}
    )
    if incomplete:
        warnings.append(f"not all of it was delivered: {', '.join(incomplete)}")
    return Team(
        int_code=code, practices=len(practices), registered_population=people, need_weighted_population=need,
        need_index=per_head(need, people), spend_gbp=None if spend is None else float(spend),
        spend_per_head_gbp=per_head(spend, people), warnings=warnings, **counts,
    )  # fmt: skip
