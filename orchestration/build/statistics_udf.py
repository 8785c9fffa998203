"""What DuckDB lacks: quantiles from scipy, working days and season, the evaluation of a panel.

``dbt_plugin`` makes them known to every connection that dbt opens. They are pure: the same arguments give the same
bits, whatever the thread count.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

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


def day_class_weights(months: Any, classes: Any, days: Any, events: Any) -> Any:
    """Weights of the classes of days (`season.day_class_weights`), one list for each row of four lists; classes count from 1."""
    import numpy as np
    import pyarrow as pa

    from orchestration.build.season import day_class_weights as estimate

    rows = zip(*(argument.to_pylist() for argument in (months, classes, days, events)), strict=True)
    found = []
    for month, day_class, day, event in rows:
        _, number = np.unique(np.asarray(month), return_inverse=True)
        cells = (number, np.asarray(day_class) - 1, np.asarray(day, float), np.asarray(event, float))
        found.append(estimate(*cells, class_count=max(day_class)).tolist())
    return pa.array(found, type=pa.list_(pa.float64()))


def month_of_year_factors(strata: Any, months: Any, counts: Any, exposures: Any) -> Any:
    """Month-of-year factors (`season.month_of_year_factors`), one struct for each row of four lists; null where nothing can be told."""
    import numpy as np
    import pyarrow as pa

    from orchestration.build.season import month_of_year_factors as estimate

    rows = zip(*(argument.to_pylist() for argument in (strata, months, counts, exposures)), strict=True)
    found = []
    for stratum, month, count, exposure in rows:
        cells = (np.asarray(stratum), np.asarray(month), np.asarray(count, float), np.asarray(exposure, float))
        fit = estimate(*cells)
        found.append(
            None
            if fit is None
            else {"factors": fit.factors.tolist(), "p_value": fit.p_value, "dispersion": fit.dispersion}
        )
    fields = [("factors", pa.list_(pa.float64())), ("p_value", pa.float64()), ("dispersion", pa.float64())]
    return pa.array(found, type=pa.struct(fields))


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
    from duckdb import list_type, struct_type
    from duckdb.func import FunctionNullHandling, PythonUDFType
    from duckdb.sqltypes import BIGINT, DATE, DOUBLE, INTEGER, VARCHAR

    numbers, indices = list_type(DOUBLE), list_type(BIGINT)
    fit = struct_type({"factors": numbers, "p_value": DOUBLE, "dispersion": DOUBLE})
    functions: list[tuple[Any, list[Any], Any, Any]] = [
        (chi_square_quantile, [DOUBLE, DOUBLE], DOUBLE, FunctionNullHandling.DEFAULT),
        (student_t_quantile, [DOUBLE, DOUBLE], DOUBLE, FunctionNullHandling.DEFAULT),
        (day_class_weights, [indices, indices, numbers, numbers], numbers, FunctionNullHandling.DEFAULT),
        # where nothing can be told the answer is null, which DuckDB takes only from functions that say so
        (month_of_year_factors, [indices, indices, numbers, numbers], fit, FunctionNullHandling.SPECIAL),
    ]
    for function, arguments, result, nulls in functions:
        connection.create_function(
            function.__name__, function, arguments, result, type=PythonUDFType.ARROW, null_handling=nulls
        )
    texts, days = list_type(VARCHAR), list_type(DATE)
    connection.create_function(
        "evaluate_panel",
        evaluate_panel,
        [texts, days, days, numbers, numbers, texts, INTEGER, DOUBLE],
        connection.type(EFFECT),
    )
