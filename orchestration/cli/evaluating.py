"""`int-marts evaluate`: the estimator of the evaluation marts on any panel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.build.evaluation import AGGREGATIONS, BASES, CONTROLS, GROUP_TIME, LARGEST_PLAUSIBLE, OUTCOMES
from orchestration.build.evaluation import evaluate as evaluate_panel
from orchestration.build.evaluation.panel_file import read_panel, write_evaluation
from orchestration.cli.options import HomeOption, Json
from orchestration.cli.output import run_command
from orchestration.foundation.errors import UsageError


def evaluate(
    panel: Annotated[
        Path, typer.Option(help="CSV: unit, period, first_treated (blank or 0 = never), outcome[, weight, stratum].")
    ],
    out: Annotated[Path, typer.Option(help="CSV to write: one line per effect.")],
    controls: Annotated[str, typer.Option(help="not_yet or never (treated within the panel).")] = "not_yet",
    base: Annotated[
        str,
        typer.Option(
            help="mean_12: the mean of up to 12 periods before the start; previous: the period before (each earlier "
            "period against the one before it); universal: all against the last period before the start."
        ),
    ] = "mean_12",
    outcome: Annotated[str, typer.Option(help="log_rate: logarithm of the outcome; as_is.")] = "log_rate",
    expected_after: Annotated[
        int, typer.Option(min=0, help="Periods after the start before which it is too early; at least 3.")
    ] = 3,
    as_json: Json = False,
    home: HomeOption = None,  # every command takes it; this one reads and writes only the files it is given
) -> None:
    """Does it work? Callaway-Sant'Anna effects of a staggered start, with permutation p values and a verdict."""

    def work() -> dict[str, Any]:
        for name, value, known in (
            ("controls", controls, CONTROLS),
            ("base", base, BASES),
            ("outcome", outcome, OUTCOMES),
        ):
            if value not in known:
                raise UsageError(f"--{name} {value}: known are {', '.join(known)}")
        if out.exists() and out.samefile(panel):
            raise UsageError(f"--out {out} is the panel itself")
        read = read_panel(panel)
        rows = evaluate_panel(
            read.logged() if outcome == "log_rate" else read,
            controls,
            base,
            least_months_after=expected_after,
            largest_plausible=LARGEST_PLAUSIBLE if outcome == "log_rate" else None,
            aggregations=(*AGGREGATIONS, GROUP_TIME),
        )
        write_evaluation(out, rows, outcome)
        first = rows[0]
        return {
            "out": out,
            "rows": len(rows),
            "effect": first.effect,
            "standard_error": first.standard_error,
            "permutation_p": first.permutation_p,
            "verdict": first.verdict,
            "left_out": list(read.left_out),
        }

    def show(result: dict[str, Any]) -> str:
        lines = [
            f"{result['rows']} effects written to {result['out']}",
            f"simple mean {result['effect']} (standard error {result['standard_error']}, "
            f"permutation p {result['permutation_p']}): {result['verdict']}",
        ]
        if result["left_out"]:
            lines.append(f"left out, treated from the first period on: {', '.join(result['left_out'][:20])}")
        return "\n".join(lines)

    run_command(as_json, work, show)
