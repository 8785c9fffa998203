"""Functions that DuckDB lacks, registered as a dbt-duckdb plugin: quantiles from scipy, and the evaluation of a panel.

Listed under ``plugins`` of the dbt profile, so that every connection dbt opens knows them. They are pure: the same
arguments give the same bits, whatever the thread count.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def chi_square_quantile(probability: Any, degrees_of_freedom: Any) -> Any:
    """Quantiles of the chi-square distribution, element by element.

    Parameters
    ----------
    probability
        Lower-tail probabilities, 0 to 1; an Arrow array of shape (n,).
    degrees_of_freedom
        Degrees of freedom, zero or more, not necessarily whole; an Arrow array of shape (n,). Zero gives 0, the limit
        of the distribution, so that the lower Poisson limit of a count of nought is nought.

    Returns
    -------
    pyarrow.Array
        float64, shape (n,); null where an argument is null or outside its range.
    """
    import numpy as np
    import pyarrow as pa
    from scipy.special import gammaincinv

    tail = np.asarray(probability.to_numpy(), dtype=np.float64)
    freedom = np.asarray(degrees_of_freedom.to_numpy(), dtype=np.float64)
    is_zero = freedom == 0
    # chi-square is a gamma distribution; `scipy.stats` would say the same after a second of imports
    quantile = np.where(is_zero, 0.0, 2.0 * gammaincinv(np.where(is_zero, 1.0, freedom) / 2.0, tail))
    return pa.array(quantile, from_pandas=True)


def student_t_quantile(probability: Any, degrees_of_freedom: Any) -> Any:
    """Quantiles of Student's t distribution, element by element.

    Parameters
    ----------
    probability
        Lower-tail probabilities, 0 to 1; an Arrow array of shape (n,).
    degrees_of_freedom
        Degrees of freedom, above zero; an Arrow array of shape (n,).

    Returns
    -------
    pyarrow.Array
        float64, shape (n,); null where an argument is null or outside its range.
    """
    import numpy as np
    import pyarrow as pa
    from scipy.special import stdtrit

    tail = np.asarray(probability.to_numpy(), dtype=np.float64)
    freedom = np.asarray(degrees_of_freedom.to_numpy(), dtype=np.float64)
    quantile = stdtrit(np.where(freedom > 0, freedom, np.nan), tail)
    return pa.array(quantile, from_pandas=True)


EFFECT = (
    "struct(aggregation varchar, aggregate_key varchar, effect double, standard_error double, lower_95 double, "
    "upper_95 double, permutation_p double, same_start_p double, smallest_possible_p double, teams_treated integer, "
    "teams_control integer, months_before integer, months_after integer, pre_trend_p double, detectable_effect double, "
    "leave_one_out_low double, leave_one_out_high double, verdict varchar)[]"
)


def evaluate_panel(
    units: list[str],
    months: list[date],
    go_live_months: list[date | None],
    outcomes: list[float],
    weights: list[float],
    strata: list[str],
    expected_after_months: int,
    largest_plausible: float,
) -> list[dict[str, Any]]:
    """Effects of a panel whose columns are given as lists (`EFFECT` names what comes back).

    None come back where nobody went live within the panel, or nobody was left to compare with.
    """
    from orchestration.build.evaluation import Panel, PanelError, Row, evaluate
    from orchestration.build.evaluation.panel import month_number

    def number(month: date | None) -> int | None:
        return None if month is None else month_number(month.year, month.month)

    rows = [
        Row(unit, month_number(month.year, month.month), number(start), outcome, weight, stratum)
        for unit, month, start, outcome, weight, stratum in zip(
            units, months, go_live_months, outcomes, weights, strata, strict=True
        )
    ]
    try:
        judged = evaluate(
            Panel.from_rows(rows), least_months_after=expected_after_months, largest_plausible=largest_plausible
        )
    except PanelError:
        return []
    left_out = ("pre_trend_w", "pre_trend_df")
    return [{name: value for name, value in asdict(row).items() if name not in left_out} for row in judged]


def register(connection: DuckDBPyConnection) -> None:
    """Make the functions known to one DuckDB connection and its cursors."""
    from duckdb.func import PythonUDFType
    from duckdb.sqltypes import DATE, DOUBLE, INTEGER, VARCHAR

    for function in (chi_square_quantile, student_t_quantile):
        connection.create_function(function.__name__, function, [DOUBLE, DOUBLE], DOUBLE, type=PythonUDFType.ARROW)
    texts, numbers, days = (connection.list_type(kind) for kind in (VARCHAR, DOUBLE, DATE))
    connection.create_function(
        "evaluate_panel",
        evaluate_panel,
        [texts, days, days, numbers, numbers, texts, INTEGER, DOUBLE],
        connection.type(EFFECT),
    )


class Plugin(BasePlugin):
    """The dbt-duckdb hook: registers the functions when a connection opens."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Register the functions on dbt's connection."""
        register(conn)
