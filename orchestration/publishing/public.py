"""The public profile: the same shape of folder with a small set of figures that is safe to share (definitions C11, design 4.5)."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

from orchestration.foundation.machine import require_machine
from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import literal
from orchestration.publishing.disclosure import Measure, Publication, rounded
from orchestration.publishing.marts import comment, create_table, write_parquet, writer
from orchestration.publishing.plan import Plan, release_facts, title_facts, write_words
from orchestration.publishing.protection import Protection, protect
from orchestration.publishing.release_tables import write_release_info
from orchestration.publishing.workbook import write_workbook
from orchestration.releases.listing import stores
from orchestration.releases.public_ledger import WAY_OUT, Entry, LedgerBroken, PublicLedger
from orchestration.releases.receipt import DATABASE_NAME, Disclosure
from orchestration.releases.store import ReleaseId
from orchestration.releases.tables import attach, columns_of, tables_of

if TYPE_CHECKING:
    import pandas as pd

PROFILE_FILE = Path(__file__).with_name("public_profile.yml")
AREA_TYPES = ("int", "pcn", "hcp", "icb")
SUPPRESSED = "suppressed"
# Columns that follow from what is shown. Every other column stays, so that BI files work on both profiles, but is null: standardised
# rates, expected numbers, baselines, gaps and comparators are made from finer counts than the ones shown.
SHOWN = frozenset(
    {
        "indicator_id", "cohort_id", "area_type", "area_code", "int_code", "month", "period", "definition_version",
        "registered_population", "numerator", "denominator", "multiplier", "value", "value_lower_95", "value_upper_95",
        "limit_method", "period_status", "null_reason", "is_suppressed", "numerator_measure", "denominator_measure",
    }
)  # fmt: skip


@lru_cache(maxsize=1)
def public_profile() -> dict[str, Any]:
    return yaml.safe_load(PROFILE_FILE.read_text(encoding="utf-8"))


def write_public(
    settings: Settings, plan: Plan, earlier: list[Publication], internal: Path, folder: Path
) -> tuple[Disclosure, Publication]:
    """Everything of the public folder but its receipt, made from the internal folder of the release. Returns what it hides and shows."""
    with writer(settings, folder / DATABASE_NAME["public"]) as connection:
        attach(connection, internal / DATABASE_NAME["internal"], "internal")
        held = tables_of(connection, "internal", ("marts",))
        for relation in [f"marts.{name}" for name in public_profile()["dimensions"] if f"marts.{name}" in held]:
            create_table(
                connection, relation, columns_of(connection, "internal", relation), f"select * from internal.{relation}"
            )
        disclosure = Disclosure(cells=0, suppressed=0, suppressed_primary=0, suppressed_complementary=0)
        publication = Publication({}, {}, frozenset())
        if {"marts.indicator_values", "marts.dim_indicator", "marts.dim_int"} <= set(held):
            disclosure, publication = _write_indicator_values(earlier, connection)
        write_release_info(connection, release_facts(plan, "public"))
        comment(connection, plan.dictionary)
        write_parquet(connection, folder, plan.dictionary)
        write_words(plan, connection, folder, f"Data dictionary of the public figures, {plan.build.icb_name}")
        write_workbook(
            connection, folder / "int_marts.xlsx", title_facts(plan, "public"), period=public_profile()["period"]
        )
    return disclosure, publication


# -- reading what may be shown ----------------------------------------------------------------------------------------------------


def _figures(connection: duckdb.DuckDBPyConnection, database: str) -> pd.DataFrame:
    """Headline figures of everybody, with the names of what is counted; only those that are numerator / denominator x multiplier."""
    profile = public_profile()
    catalogue = columns_of(connection, database, "marts.dim_indicator")
    counted = "catalogue.numerator_measure_id" if "numerator_measure_id" in catalogue else "catalogue.indicator_id"
    divided = (
        "catalogue.denominator_measure_id"
        if "denominator_measure_id" in catalogue
        else "catalogue.indicator_id || ' denominator'"
    )
    # The same events counted per person are another count than the events.
    kind = "catalogue.measure_kind" if "measure_kind" in catalogue else "'additive'"
    kind_of_denominator = "catalogue.denominator_kind" if "denominator_kind" in catalogue else "'activity'"
    headline = "catalogue.is_headline" if "is_headline" in catalogue else "true"
    return connection.execute(
        f"""
        select figures.*,
            case when {kind} = 'additive' then {counted} else figures.indicator_id end as numerator_measure,
            case when {kind_of_denominator} = 'population' then null else {divided} end as denominator_measure
        from {database}.marts.indicator_values as figures
        inner join {database}.marts.dim_indicator as catalogue on figures.indicator_id = catalogue.indicator_id
        where {headline} and figures.cohort_id = {literal(profile["cohort_id"])} and {kind} <> 'duration'
            and list_contains({list(AREA_TYPES)}, figures.area_type)
        order by figures.indicator_id, figures.area_type, figures.area_code, figures.month, figures.period
        """
    ).df()


def _month_number(month: Any) -> int:
    return int(month.year * 12 + month.month - 1)


def _month_numbers(months: pd.Series) -> list[int]:
    """As `_month_number`, of a whole column: making a Timestamp of each value took longer than all else here."""
    return (months.dt.year * 12 + months.dt.month - 1).tolist()


def _is_count(values: pd.Series) -> bool:
    """Whole numbers from 0: what the attacker reasons about. Money and means are not."""
    known = values.dropna().astype(float)
    return bool(((known % 1 == 0) & (known >= 0)).all())


def read_measures(figures: pd.DataFrame) -> dict[str, Measure]:
    """The counts that would be shown, each once, whichever indicators show it, with the monthly counts behind them."""
    period = public_profile()["period"]
    found: dict[str, Measure] = {}
    for side in ("numerator", "denominator"):
        for name, rows in figures.groupby(f"{side}_measure", sort=True):
            if name in found or not _is_count(rows[side]):
                continue
            known = rows[rows[side].notna()]
            shown = known[known["period"] == period]
            monthly = known[(known["period"] == "month") & (known["area_type"] == "int")]
            found[str(name)] = Measure(
                name=str(name),
                figures={
                    (kind, code, month): int(count)
                    for kind, code, month, count in zip(
                        shown["area_type"], shown["area_code"], _month_numbers(shown["month"]), shown[side], strict=True
                    )
                },
                monthly={
                    (code, month): int(count)
                    for code, month, count in zip(
                        monthly["area_code"], _month_numbers(monthly["month"]), monthly[side], strict=True
                    )
                },
            )
    return found


def read_teams(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The INTs of each PCN and HCP."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for kind in ("pcn", "hcp"):
        rows = connection.execute(
            f"select {kind}_code, list(distinct int_code order by int_code) from {database}.marts.dim_int "
            f"where {kind}_code is not null group by {kind}_code order by {kind}_code"
        ).fetchall()
        found.update({(kind, code): tuple(teams) for code, teams in rows})
    return found


def as_shown(publication: Publication) -> dict[str, Any]:
    """A publication as the ledger keeps it."""
    assert publication.hidden is not None
    return {
        "measures": {
            name: {
                "figures": [[*place, count] for place, count in sorted(measure.figures.items())],
                "monthly": [[*place, count] for place, count in sorted(measure.monthly.items())],
            }
            for name, measure in sorted(publication.measures.items())
        },
        "teams_of": [[*area, list(teams)] for area, teams in sorted(publication.teams_of.items())],
        "hidden": [list(cell) for cell in sorted(publication.hidden)],
    }


def from_ledger(entry: Entry) -> Publication:
    """What was shown and hidden then. Raises `LedgerBroken` when the entry does not say it."""
    try:
        return Publication(
            measures={
                name: Measure(
                    name,
                    {(kind, code, month): count for kind, code, month, count in measure["figures"]},
                    {(code, month): count for code, month, count in measure["monthly"]},
                )
                for name, measure in entry.shown["measures"].items()
            },
            teams_of={(kind, code): tuple(teams) for kind, code, teams in entry.shown["teams_of"]},
            hidden=frozenset((name, kind, code, month) for name, kind, code, month in entry.shown["hidden"]),
        )
    except (KeyError, TypeError, ValueError):
        raise LedgerBroken(f"the public ledger's entry {entry.number} does not say what was shown: {WAY_OUT}") from None


def earlier_publications(settings: Settings) -> list[Publication]:
    """Everything that was ever public, newest first. Raises `LedgerBroken`."""
    return [from_ledger(entry) for entry in reversed(PublicLedger(settings).read())]


def rebuild_ledger(settings: Settings) -> int:
    """A new ledger from the releases that stand; gives its entries. What others showed that are gone is forgotten: a person's decision.

    Raises `LedgerBroken` when a public release stands whose internal side does not say what was hidden.
    """
    by_profile = stores(settings)
    found = {release: _earlier(settings, release) for release in by_profile["public"].complete()}
    if unknown := [str(release) for release, publication in found.items() if publication is None]:
        raise LedgerBroken(
            f"it cannot be read what {', '.join(unknown)} showed and hid: set aside what is damaged with "
            "`int-marts releases --set-aside`, or put it back from a backup"
        )
    ledger = PublicLedger(settings)
    heads = ledger.give_up()
    for release, publication in found.items():
        assert publication is not None
        ledger.append(str(release), as_shown(publication), replaces=heads)
        heads = []
    return len(found)


def _earlier(settings: Settings, release: ReleaseId) -> Publication | None:
    """A public release that stands, with what its internal side says of the hidden counts; None when it cannot be read."""
    internal = settings.paths.releases / str(release) / DATABASE_NAME["internal"]
    shown = settings.paths.releases_public / str(release) / DATABASE_NAME["public"]
    with duckdb.connect(":memory:") as connection:
        try:
            attach(connection, internal, "internal")
            attach(connection, shown, "shown")
        except duckdb.Error as error:
            require_machine(error)
            return None
        held = tables_of(connection, "internal") + tables_of(connection, "shown")
        if held.count("marts.indicator_values") < 2:
            return None
        figures = _figures(connection, "internal")
        published = connection.execute(
            "select indicator_id, area_type, area_code, month, numerator is null, denominator is null "
            "from shown.marts.indicator_values where is_suppressed"
        ).fetchall()
        was_shown = {
            row
            for (row,) in connection.execute(
                "select distinct indicator_id from shown.marts.indicator_values"
            ).fetchall()
        }
        teams = read_teams(connection, "internal")
    figures = figures[figures["indicator_id"].isin(was_shown)]
    names = figures.drop_duplicates("indicator_id").set_index("indicator_id")[
        ["numerator_measure", "denominator_measure"]
    ]
    hidden = set()
    for indicator, kind, code, month, no_numerator, no_denominator in published:
        place = (kind, code, _month_number(month))
        for is_hidden, side in ((no_numerator, "numerator_measure"), (no_denominator, "denominator_measure")):
            if is_hidden and isinstance(name := names.at[indicator, side], str):
                hidden.add((name, *place))
    return Publication(read_measures(figures), teams, frozenset(hidden))


# -- writing ----------------------------------------------------------------------------------------------------------------------


def _write_indicator_values(
    earlier: list[Publication], connection: duckdb.DuckDBPyConnection
) -> tuple[Disclosure, Publication]:
    figures = _figures(connection, "internal")
    publication = Publication(read_measures(figures), read_teams(connection, "internal"))
    protection = protect(publication, earlier, public_profile()["subsets"])
    shown = public_figures(figures[figures["period"] == public_profile()["period"]], protection)
    columns = {**columns_of(connection, "internal", "marts.indicator_values"), "is_suppressed": "BOOLEAN"}
    connection.register("shown", shown[list(columns)])
    casts = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in columns.items())
    create_table(connection, "marts.indicator_values", columns, f"select {casts} from shown")
    connection.unregister("shown")
    disclosure = Disclosure(
        cells=len(shown),
        suppressed=int(shown["is_suppressed"].sum()),
        suppressed_primary=len(protection.primary),
        suppressed_complementary=len(protection.complementary),
        cornered_by_earlier_releases=len(protection.cornered),
    )
    return disclosure, replace(publication, hidden=protection.hidden)


def public_figures(figures: pd.DataFrame, protection: Protection) -> pd.DataFrame:
    """Rounded and suppressed; every rate and limit is computed again from what is shown.

    Gives the columns of `indicator_values` and `is_suppressed`; a hidden count is null in each row that would show it.
    """
    import numpy as np

    shown = figures.copy()
    places = list(zip(shown["area_type"], shown["area_code"], _month_numbers(shown["month"]), strict=True))
    is_hidden = {}
    for side in ("numerator", "denominator"):
        measures = shown[f"{side}_measure"]
        counts = shown[side].astype(float)
        has_measure = measures.notna()
        # The money columns are no counts of people, but the same rule is applied to them, cell by cell.
        is_hidden[side] = np.array(
            [
                bool(named) and ((name, *place) in protection.hidden or 0 < count < 8)
                for named, name, place, count in zip(has_measure, measures, places, counts, strict=True)
            ]
        )
        rounded_counts = [
            rounded(count) if named and not np.isnan(count) else count
            for named, count in zip(has_measure, counts, strict=True)
        ]
        shown[side] = np.where(is_hidden[side], np.nan, rounded_counts)
    suppressed = is_hidden["numerator"] | is_hidden["denominator"]
    had_value = figures["value"].notna().to_numpy()
    numerator = shown["numerator"].to_numpy(dtype=float)
    denominator = shown["denominator"].to_numpy(dtype=float)
    multiplier = shown["multiplier"].to_numpy(dtype=float)
    is_computable = ~suppressed & had_value & (denominator > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shown["value"] = np.where(is_computable, multiplier * numerator / denominator, np.nan)
    lower, upper, method = _limits(
        numerator, denominator, multiplier, shown["limit_method"].astype("string"), is_computable
    )
    shown["value_lower_95"], shown["value_upper_95"], shown["limit_method"] = lower, upper, method
    for name in set(shown.columns) - SHOWN:
        shown[name] = None
    lost = had_value & ~is_computable & ~suppressed
    # An inside reason may tell how small a count is, so only reasons for which no count is known go out.
    is_unknown = figures["numerator"].isna().to_numpy()
    inside = np.where(
        is_unknown,
        shown["null_reason"],
        np.where(figures["value"].isna(), "not available", np.array(None, dtype=object)),
    )
    shown["null_reason"] = np.where(suppressed, SUPPRESSED, np.where(lost, "denominator rounds to zero", inside))
    shown["is_suppressed"] = suppressed
    return shown


def _limits(
    numerator: Any, denominator: Any, multiplier: Any, method: pd.Series, is_computable: Any
) -> tuple[Any, Any, Any]:
    """Byar's (exact Poisson below 10) or Wilson's 95 % limits of the shown counts; none where the figure has none inside."""
    import numpy as np
    from scipy.special import gammaincinv, ndtri

    def chi_square(probability: float, degrees_of_freedom: Any) -> Any:
        # what `scipy.stats` works out, without the second that it takes to load
        return 2 * gammaincinv(degrees_of_freedom / 2, probability)

    z = ndtri(0.975)
    given = method.fillna("none").str.lower()
    is_proportion = given.str.contains("wilson").to_numpy()
    is_rate = given.str.contains("byar|poisson|exact", regex=True).to_numpy()
    n, d = np.nan_to_num(numerator), np.where(np.nan_to_num(denominator) > 0, denominator, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.where(n > 0, chi_square(0.025, 2 * n) / 2, 0.0), chi_square(0.975, 2 * (n + 1)) / 2
        byar = (
            n * (1 - 1 / (9 * n) - z / (3 * np.sqrt(n))) ** 3,
            (n + 1) * (1 - 1 / (9 * (n + 1)) + z / (3 * np.sqrt(n + 1))) ** 3,
        )
        share = np.minimum(n / d, 1)
        half = z * np.sqrt(share * (1 - share) / d + z**2 / (4 * d**2))
        wilson = (share + z**2 / (2 * d) - half) / (1 + z**2 / d), (share + z**2 / (2 * d) + half) / (1 + z**2 / d)
        sides = [
            np.where(
                is_proportion,
                multiplier * wilson[side],
                np.where(is_rate, multiplier * np.where(n < 10, exact[side], byar[side]) / d, np.nan),
            )
            for side in (0, 1)
        ]
    names = np.where(is_proportion, "wilson", np.where(is_rate, np.where(n < 10, "exact_poisson", "byar"), given))
    return (
        np.where(is_computable, sides[0], np.nan),
        np.where(is_computable, sides[1], np.nan),
        np.where(is_computable, names, np.array(None, dtype=object)),
    )
