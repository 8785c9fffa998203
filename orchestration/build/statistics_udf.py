"""Special functions that DuckDB lacks, registered from scipy as a dbt-duckdb plugin.

Listed under ``plugins`` of the dbt profile, so that every connection dbt opens knows them. They are pure: the same
arguments give the same bits, whatever the thread count.
"""

from __future__ import annotations

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


def register(connection: DuckDBPyConnection) -> None:
    """Make the functions known to one DuckDB connection and its cursors."""
    from duckdb.func import PythonUDFType
    from duckdb.sqltypes import DOUBLE

    for function in (chi_square_quantile, student_t_quantile):
        connection.create_function(function.__name__, function, [DOUBLE, DOUBLE], DOUBLE, type=PythonUDFType.ARROW)


class Plugin(BasePlugin):
    """The dbt-duckdb hook: registers the functions when a connection opens."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Register the functions on dbt's connection."""
        register(conn)
