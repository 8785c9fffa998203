"""The estimator against loops by definition, against published figures, and its permutation against counting."""

from __future__ import annotations

import csv
import random
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from orchestration.build.evaluation import BASES, CONTROLS, Judged, Panel, PanelError, Row, evaluate
from orchestration.build.evaluation.estimator import design, estimate
from orchestration.build.evaluation.judgement import assignments_of
from tests.conftest import REAL, int_marts
from tests.evaluation.by_definition import Unit, everything, invented, standard_errors


def rows_of(units: list[Unit], strata: list[str] | None = None) -> list[Row]:
    return [
        Row(f"u{n:03d}", period, unit.first_treated, outcome, unit.weight, strata[n] if strata else "")
        for n, unit in enumerate(units)
        for period, outcome in unit.outcomes.items()
    ]


def overall(rows: list[Judged], aggregation: str = "simple") -> Judged:
    return next(row for row in rows if (row.aggregation, row.aggregate_key) == (aggregation, "overall"))


@pytest.mark.parametrize("controls", CONTROLS)
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_is_what_the_definition_says(controls: str, base: str, seed: int) -> None:
    units = invented(seed)
    panel = Panel.from_rows(rows_of(units))
    plan = design(panel, controls, base)
    found = estimate(panel, plan, panel.wave_of)
    rows = [(row.aggregation, row.key) for row in plan.rows]
    expected, errors = everything(units, controls, base), standard_errors(units, controls, base)
    assert set(rows) == set(expected) and len(rows) > 20
    assert found.effect[0] == pytest.approx([expected[row] for row in rows], abs=1e-12)
    assert found.standard_error[0] == pytest.approx([errors[row] for row in rows], rel=1e-6)


def test_nobody_left_to_compare_with_is_no_effect() -> None:
    """All are live in the end: the months after the last start, and the last wave itself, have no estimate."""
    units = [unit for unit in invented(3) if unit.first_treated]
    panel = Panel.from_rows(rows_of(units))
    plan = design(panel, "not_yet", "mean_12")
    assert max(cell.period for cell in plan.cells) == 7
    assert {cell.wave for cell in plan.cells} == {0, 1}
    expected = everything(units, "not_yet", "mean_12")
    found = estimate(panel, plan, panel.wave_of)
    assert found.effect[0] == pytest.approx([expected[row.aggregation, row.key] for row in plan.rows], abs=1e-12)


def test_a_level_common_to_a_unit_or_a_period_moves_nothing() -> None:
    units = invented(4)
    moved = [
        Unit(u.first_treated, u.weight, {t: y + n + 3 * (t % 4) for t, y in u.outcomes.items()})
        for n, u in enumerate(units)
    ]
    effects = [[row.effect for row in evaluate(Panel.from_rows(rows_of(them)))] for them in (units, moved)]
    assert effects[0] == pytest.approx(effects[1], abs=1e-9)


def test_all_assignments_are_listed_and_p_is_their_count() -> None:
    """Two partnerships, 2 of 5 and 1 of 4 treated: 10 × 4 = 40 assignments, by brute force over orders."""
    draw = random.Random(5)
    starts = [5, 5, None, None, None, 5, None, None, None]
    strata = ["A"] * 5 + ["B"] * 4
    units = [Unit(start, 1.0, {t: draw.gauss(0, 1) for t in range(1, 9)}) for start in starts]
    panel = Panel.from_rows(rows_of(units, strata))
    assignments, is_all = assignments_of(panel)
    ways = {
        (*first, *second) for first in set(permutations([0, 0, 1, 1, 1])) for second in set(permutations([0, 1, 1, 1]))
    }
    assert is_all and len(assignments) == 40 and {tuple(map(int, a)) for a in assignments} == ways

    def t_of(assignment: tuple[int, ...]) -> float:
        them = [Unit(5 if a == 0 else None, 1.0, u.outcomes) for a, u in zip(assignment, units, strict=True)]
        row = ("simple", "overall")
        return everything(them, "not_yet", "mean_12")[row] / standard_errors(them, "not_yet", "mean_12")[row]

    truth = abs(t_of((0, 0, 1, 1, 1, 0, 1, 1, 1)))
    sizes = [abs(t_of(way)) for way in ways]
    first = overall(evaluate(panel))
    assert first.permutation_p == sum(size >= truth - 1e-6 for size in sizes) / 40
    assert first.smallest_possible_p == 1 / 40


def test_many_assignments_are_drawn_with_a_fixed_seed() -> None:
    panel = Panel.from_rows(rows_of(invented(6)))
    assignments, is_all = assignments_of(panel)
    assert not is_all and len(assignments) == 2000
    assert np.array_equal(assignments[0], panel.wave_of)
    assert np.array_equal(assignments, assignments_of(panel)[0])
    assert overall(evaluate(panel)).smallest_possible_p == 1 / 2000


def test_a_partnership_that_went_live_whole_has_no_control_of_its_own() -> None:
    """Within the partnership nothing can be permuted: nothing is detectable, however large the fall."""
    units = [
        Unit(
            13 if n < 4 else None,
            1.0,
            {t: (-9.0 if n < 4 and t >= 13 else 0.0) + 0.01 * ((n * t) % 7) for t in range(1, 25)},
        )
        for n in range(12)
    ]
    first = overall(evaluate(Panel.from_rows(rows_of(units, ["whole" if n < 4 else "rest" for n in range(12)]))))
    assert (first.permutation_p, first.smallest_possible_p, first.verdict) == (1.0, 1.0, "not_detectable")


def twelve_of_thirty(effect: float, months_after: int, seed: int = 8) -> Panel:
    draw = random.Random(seed)
    months = 24 + months_after
    units = [
        Unit(
            25 if n < 12 else None,
            1.0,
            {t: draw.gauss(0, 0.1) + (effect if n < 12 and t >= 25 else 0.0) for t in range(1, months + 1)},
        )
        for n in range(30)
    ]
    return Panel.from_rows(rows_of(units))


def test_month_six_is_too_early_and_says_how_large_it_would_have_had_to_be() -> None:
    first = overall(evaluate(twelve_of_thirty(-0.5, 6), least_months_after=12))
    assert first.verdict == "too_early"
    assert first.detectable_effect is not None and 0.02 < first.detectable_effect < 0.15
    assert overall(evaluate(twelve_of_thirty(-0.5, 6))).verdict == "evidence_lower"
    assert overall(evaluate(twelve_of_thirty(0.5, 12), least_months_after=12)).verdict == "evidence_higher"


def test_trends_that_differed_before_are_said_first() -> None:
    panel = twelve_of_thirty(-0.5, 12)
    drifting = panel.outcomes + np.where(panel.wave_of == 0, -0.02, 0.0)[:, None] * np.arange(36)
    assert overall(evaluate(panel.with_outcomes(drifting))).verdict == "pre_trends_differ"


def test_one_team_that_carries_it_all_is_seen() -> None:
    panel = twelve_of_thirty(0.0, 12)
    alone = panel.outcomes.copy()
    alone[0, 24:] -= 3.0
    first = overall(evaluate(panel.with_outcomes(alone)))
    assert first.effect is not None and first.leave_one_out_high is not None and first.leave_one_out_low is not None
    assert first.effect < -0.2 and first.leave_one_out_high > -0.05 and first.leave_one_out_low < first.effect


def write_panel(file: Path, lines: list[list[object]], header: str = "unit,period,first_treated,outcome") -> Path:
    file.write_text("\n".join([header, *(",".join(map(str, line)) for line in lines)]) + "\n", encoding="utf-8")
    return file


def lines_of(units: list[Unit]) -> list[list[object]]:
    return [[f"u{n:03d}", t, u.first_treated or "", y] for n, u in enumerate(units) for t, y in u.outcomes.items()]


def test_the_command_gives_the_same_bytes_in_any_order_and_on_any_threads(tmp_path: Path) -> None:
    lines = lines_of(invented(9))
    answers = []
    for number, threads in enumerate(("1", "2")):
        random.Random(number).shuffle(lines)
        panel, out = write_panel(tmp_path / f"{number}.csv", lines), tmp_path / f"out{number}.csv"
        done = int_marts(
            "evaluate", "--panel", str(panel), "--out", str(out), home=tmp_path,
            environment={"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
        )  # fmt: skip
        assert done.exit_code == 0, done.stderr
        answers.append(out.read_bytes())
    assert answers[0] == answers[1] and answers[0].count(b"\n") > 40


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines[1:], "u000 has no row for period 1"),
        (lambda lines: [*lines, lines[0]], "u000 has a period twice"),
        (lambda lines: [["u000", 1, 7, 3.0], *lines[1:]], "u000 has more than one first_treated"),
        (lambda lines: [["u000", 1, 4, "much"], *lines[1:]], "line 2: outcome: much is not a number"),
        (lambda lines: [["u000", "2024-13", 4, 3.0], *lines[1:]], "line 2: period: 2024-13 is no month"),
        (lambda lines: [["u000", "2024-01", 4, 3.0], *lines[1:]], "months (YYYY-MM) and plain numbers are mixed"),
        (lambda lines: [["u000", 1, 4, 0.0], *lines[1:]], "u000 has an outcome of nought or less in period 1"),
        (lambda lines: [[unit, t, "", y] for unit, t, _, y in lines], "no unit is first treated within the panel"),
        (lambda lines: [[unit, t, 4, y] for unit, t, _, y in lines], "nobody is left to compare with"),
        (lambda lines: [], "no rows below the header"),
        (
            lambda lines: [["u000", 1, "9" * 400, 3.0], *lines[1:]],
            "line 2: first_treated: 9+ is neither a whole number",
        ),
        (lambda lines: [["u000", 1, 4, "1_0"], *lines[1:]], "line 2: outcome: 1_0 is not a number"),
        (
            lambda lines: [[u, t - 4, g - 4 if g else 0, y] for u, t, g, y in lines],
            "first_treated: 0 is never, and a period",
        ),
    ],
)
def test_what_is_no_panel_is_refused_in_words(tmp_path: Path, change, says: str) -> None:
    from orchestration.build.evaluation.panel_file import read_panel

    panel = write_panel(tmp_path / "panel.csv", change(lines_of(invented(1))))
    with pytest.raises(PanelError, match=says.replace("(", r"\(").replace(")", r"\)")):
        evaluate(read_panel(panel).logged())


def test_units_that_differ_in_nothing_give_no_evidence_from_the_last_bits() -> None:
    """Level by unit and by period and no chance at all: what is left over are rounding errors, and no figure."""
    draw = random.Random(1)
    units = [Unit(13 if n < 8 else None, 1.0, {t: draw.gauss(0, 1) for t in range(1, 25)}) for n in range(30)]
    common = units[0].outcomes
    same = [Unit(u.first_treated, 1.0, {t: u.outcomes[1] + y for t, y in common.items()}) for u in units]
    nothing = overall(evaluate(Panel.from_rows(rows_of(same))))
    assert (nothing.effect, nothing.standard_error, nothing.permutation_p, nothing.detectable_effect) == (
        0,
        0,
        None,
        None,
    )
    assert nothing.verdict == "not_detectable"
    fallen = [
        Unit(u.first_treated, 1.0, {t: y - 5 * (t >= (u.first_treated or 99)) for t, y in u.outcomes.items()})
        for u in same
    ]
    sure = overall(evaluate(Panel.from_rows(rows_of(fallen))))
    assert (sure.effect, sure.standard_error, sure.permutation_p) == (-5, 0, sure.smallest_possible_p)
    assert sure.verdict == "evidence_lower"


@pytest.mark.parametrize("out", ["panel.csv", "no/such/folder/out.csv", ""])
def test_an_answer_goes_into_a_file_of_its_own(tmp_path: Path, out: str) -> None:
    panel = write_panel(tmp_path / "panel.csv", lines_of(invented(1)))
    before = panel.read_bytes()
    done = int_marts(
        "evaluate", "--panel", str(panel), "--out", str(tmp_path / out), "--outcome", "as_is", home=tmp_path
    )
    assert done.exit_code == 2 and str(tmp_path / out) in done.stderr, done.stderr
    assert panel.read_bytes() == before


def test_the_first_day_of_a_month_is_the_month(tmp_path: Path) -> None:
    from orchestration.build.evaluation.panel_file import read_panel

    read = []
    for day in ("", "-01"):
        lines: list[list[object]] = [
            [unit, f"2024-{t:02d}{day}", f"2024-{g:02d}{day}" if g else "", y]
            for unit, t, g, y in lines_of(invented(1))
        ]
        read.append(read_panel(write_panel(tmp_path / "p.csv", lines)))
    assert read[0].periods == read[1].periods and read[0].waves == read[1].waves


def test_months_are_months_and_weights_and_strata_are_read(tmp_path: Path) -> None:
    from orchestration.build.evaluation.panel_file import read_panel

    units = invented(2)
    plain = evaluate(Panel.from_rows(rows_of(units, ["AB"[n % 2] for n in range(len(units))])))
    lines: list[list[object]] = [
        [
            f"u{n:03d}",
            f"2024-{t:02d}",
            f"2024-{u.first_treated:02d}" if u.first_treated else 0,
            y,
            u.weight,
            "AB"[n % 2],
        ]
        for n, u in enumerate(units)
        for t, y in u.outcomes.items()
    ]
    file = write_panel(tmp_path / "p.csv", lines, "unit,period,first_treated,outcome,weight,stratum")
    monthly = evaluate(read_panel(file))
    assert [row.effect for row in monthly] == [row.effect for row in plain]
    assert [row.permutation_p for row in monthly] == [row.permutation_p for row in plain]
    assert {row.aggregate_key for row in monthly if row.aggregation == "wave"} == {
        "2024-04",
        "2024-06",
        "2024-08",
        "overall",
    }


@pytest.mark.real
@pytest.mark.skipif(not REAL.exists(), reason="the published examples are not there")
def test_published_figures_of_mpdta_come_out(tmp_path: Path) -> None:
    """County teen employment (R package did): never-treated controls, base = the period before."""
    with (REAL / "evaluation" / "mpdta.csv").open(encoding="utf-8") as stream:
        lines: list[list[object]] = [
            [row["countyreal"], row["year"], row["first.treat"], row["lemp"]] for row in csv.DictReader(stream)
        ]
    panel, out = write_panel(tmp_path / "mpdta.csv", lines), tmp_path / "out.csv"
    done = int_marts(
        "evaluate", "--panel", str(panel), "--out", str(out), "--controls", "never", "--base", "previous",
        "--outcome", "as_is", home=tmp_path,
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    with out.open(encoding="utf-8") as stream:
        rows = {(row["aggregation"], row["aggregate_key"]): row for row in csv.DictReader(stream)}
    published = {
        ("simple", "overall"): (-0.03995128, 0.01203401),
        ("event", "overall"): (-0.07723982, 0.01996499),
        ("wave", "overall"): (-0.03101828, 0.01244606),
    }
    for row, (effect, error) in published.items():
        assert float(rows[row]["effect"]) == pytest.approx(effect, abs=5e-9)
        assert float(rows[row]["standard_error"]) == pytest.approx(error, abs=5e-9)
    first = rows["simple", "overall"]
    assert float(first["pre_trend_w"]) == pytest.approx(7.791237, abs=5e-7)
    assert (first["pre_trend_df"], float(first["pre_trend_p"])) == ("5", pytest.approx(0.168122, abs=5e-7))
    assert float(rows["group_time", "2004/2004"]["effect"]) == pytest.approx(-0.0105, abs=5e-5)
