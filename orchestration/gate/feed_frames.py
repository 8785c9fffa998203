"""The small frames of a landed feed, made in DuckDB from the profile and the codes that ingest left beside its Parquet.

`cells`: one row per provider × coverage month with `rows` and, per feature, `<feature>_pct`, `_pct_low`, `_pct_high`. Rows without a
coverage date (an episode that has not ended) are no cell of a feed that has dated ones: they would be judged as a month that is all
unfinished. `undated_pct` of the whole feed judges how many there are.
`feed`: one row with the same over the whole feed, and `months`, `providers`, `undated_pct`, `quarantined_pct`, `removed_pct`, and the
suite's own counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd

from orchestration.foundation.settings import Settings
from orchestration.gate.suite_files import Counted, Share
from orchestration.lake.manifest import Manifest

# Bounds of a share: Wilson's interval at four standard errors, so that chance alone breaks a rule in about one cell of 30,000.
STANDARD_ERRORS = 4.0


@dataclass(frozen=True)
class FeedFrames:
    rows: int
    cells: pd.DataFrame
    feed: pd.DataFrame

    def frame(self, name: Literal["cells", "feed"] | str) -> pd.DataFrame:
        return self.cells if name == "cells" else self.feed


def frames_of(
    settings: Settings, versions: list[Manifest], features: Mapping[str, Share | Counted | str]
) -> FeedFrames:
    """Frames of what these versions of a feed landed: cells and a row of `feed` for each."""
    found = [frames_of_version(settings, version, features) for version in versions]
    return FeedFrames(
        sum(frames.rows for frames in found),
        pd.concat([frames.cells for frames in found], ignore_index=True),
        pd.concat([frames.feed for frames in found], ignore_index=True),
    )


def frames_of_version(
    settings: Settings, version: Manifest, features: Mapping[str, Share | Counted | str]
) -> FeedFrames:
    folder = version.folder(settings.paths)
    if not (folder / "profile.parquet").exists():
        return FeedFrames(0, pd.DataFrame(), pd.DataFrame())
    parts = sorted(folder.rglob("part-*.parquet"))
    with duckdb.connect(config={"threads": settings.threads_for(*parts)}) as connection:
        read_profile(connection, folder)
        shares = {name: feature for name, feature in features.items() if isinstance(feature, Share)}
        cells = _frame(connection, shares, ["provider_code", "coverage_month"])
        whole = _frame(connection, shares, [])
        for name, feature in features.items():
            if isinstance(feature, Counted) and parts:
                landed = connection.from_parquet([str(path) for path in parts], hive_partitioning=False)
                whole[name] = landed.query("landed", feature.sql).fetchall()[0][0]
    read = max(version.rows_read, 1)
    whole["quarantined_pct"] = 100.0 * version.rows_quarantined / read
    whole["removed_pct"] = 100.0 * sum(version.rows_removed.values()) / read
    whole["nulled_pct"] = 100.0 * max(version.values_nulled.values(), default=0) / read
    return FeedFrames(version.rows_loaded, cells, whole)


def read_profile(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Temporary tables `profile` and `codes` of one version of one feed."""
    for name in ("profile", "codes"):
        connection.execute(f"create temp table {name} as from read_parquet(?)", [str(folder / f"{name}.parquet")])


def _frame(connection: duckdb.DuckDBPyConnection, features: dict[str, Share], by: list[str]) -> pd.DataFrame:
    keys = ", ".join(f"coalesce(cast({key} as varchar), '') as {key}" for key in by)
    select_keys, using = (f"{keys}, " if by else ""), (f" using ({', '.join(by)})" if by else " on true")
    group = f" group by {', '.join(str(position + 1) for position in range(len(by)))}" if by else ""
    dated = " where coverage_month is not null or not (select bool_or(coverage_month is not null) from profile)"
    base = f"select {select_keys}max(cell_rows) as rows, count(*) as columns_profiled from base{dated}{group}"
    connection.execute(
        "create or replace temp view base as select column_name, provider_code, coverage_month, "
        "rows as cell_rows, nulls from profile"
    )
    if not by:
        base = (
            "select sum(rows) as rows, count(distinct coverage_month) as months, count(distinct provider_code) as providers, "
            "100.0 * coalesce(sum(rows) filter (coverage_month is null), 0) / nullif(sum(rows), 0) as undated_pct from "
            "(select provider_code, coverage_month, max(cell_rows) as rows from base group by 1, 2)"
        )
    parts: list[str] = []
    joins: list[str] = []
    parameters: list[list[Any]] = []
    for number, (name, share) in enumerate(sorted(features.items())):
        if share.nulls:
            source, test = "base", "column_name = ?"
            counted = "sum(nulls)"
            parameters.append([share.column])
        else:
            source, test = "codes", "column_name = ? and list_contains(?, code)"
            counted = "sum(rows)"
            parameters.append([share.column, list(share.codes)])
        joins.append(
            f" left join (select {select_keys}{counted} as hits from {source} where {test}{group}) as f{number}{using}"
        )
        parts += _share_columns(name, f"coalesce(f{number}.hits, 0)")
    known = {row[0] for row in connection.execute("select distinct column_name from profile").fetchall()}
    extra = f", {', '.join(parts)}" if parts else ""
    values = [value for group_values in parameters for value in group_values]
    frame = connection.execute(f"select base_rows.*{extra} from ({base}) as base_rows{''.join(joins)}", values).df()
    unknown = [name for name, share in features.items() if share.column not in known]
    return frame.drop(columns=[f"{name}_pct{end}" for name in unknown for end in ("", "_low", "_high")])


def _share_columns(name: str, hits: str) -> list[str]:
    z2, n, p = STANDARD_ERRORS**2, "nullif(rows, 0)", f"({hits} / nullif(rows, 0))"
    centre, spread = (
        f"({p} + {z2} / (2 * {n}))",
        f"({STANDARD_ERRORS} * sqrt({p} * (1 - {p}) / {n} + {z2} / (4 * {n} * {n})))",
    )
    scale = f"(1 + {z2} / {n})"
    return [
        f"100.0 * {p} as {name}_pct",
        f"greatest(0, 100.0 * ({centre} - {spread}) / {scale}) as {name}_pct_low",
        f"least(100, 100.0 * ({centre} + {spread}) / {scale}) as {name}_pct_high",
    ]
