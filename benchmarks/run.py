"""`make bench`: how long the pipeline takes against a floor, side by side in one run, as medians of whole processes.

Writes the measured part of the performance page and a plot. Sizes and repeats are arguments, so that a laptop can run a
small one; the committed figures say which were used.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import sys
from dataclasses import asdict
from pathlib import Path

from processes import ROOT, Timing, run

INT_MARTS = [sys.executable, "-m", "orchestration.cli"]
NAMES = {
    "a_full_history": "(a) full history",
    "b_next_delivery": "(b) next delivery",
    "c_floor": "(c) floor",
    "d_pandas": "(d) pandas",
    "e_plain_copy": "(e) plain copy",
    "f_small_memory": "(f) full history, little memory",
}
# twice the people may take so many times as long
MOST_GROWTH = 2.1


def make_demo(home: Path, people: int, months: int, seed: int) -> Timing:
    shutil.rmtree(home, ignore_errors=True)
    sizes = ["--people", str(people), "--months", str(months), "--deliveries", "2", "--seed", str(seed)]
    return run("demo", people, [*INT_MARTS, "demo", *sizes, "--home", str(home)])[0]


def forget_everything_made(home: Path) -> None:
    for made in ("lake", "warehouse", "releases", "releases_public", "dagster", "dbt", "logs"):
        shutil.rmtree(home / made, ignore_errors=True)


def deliveries(home: Path) -> tuple[str, str]:
    """The whole history, and the next delivery on top."""
    first, second = sorted(p.name for p in (home / "landing").iterdir() if p.is_dir() and p.name[:2] == "20")[-2:]
    return first, second


def refresh(name: str, home: Path, people: int, delivery: str, memory_limit: str = "") -> tuple[Timing, dict]:
    environment = {"INT_MARTS_MEMORY_LIMIT": memory_limit} if memory_limit else {}
    timing, out = run(name, people, [*INT_MARTS, "refresh", delivery, "--json", "--home", str(home)], environment)
    return timing, json.loads(out)["seconds"]


def measure(home: Path, people: int, repeats: int, with_next: bool) -> tuple[list[Timing], dict]:
    """(a) full history, (b) the next delivery on top if asked for, (c) the floor, (e) the plain copy, in turn A B C E A B C E …"""
    first, second = deliveries(home)
    refreshes = [("a_full_history", first), *([("b_next_delivery", second)] if with_next else [])]
    timings: list[Timing] = []
    steps: dict = {}
    for _ in range(repeats):
        forget_everything_made(home)
        for name, delivery in refreshes:
            timing, steps[name] = refresh(name, home, people, delivery)
            timings.append(timing)
        for name, script in (("c_floor", "floor.py"), ("e_plain_copy", "plain_copy.py")):
            command = [sys.executable, str(ROOT / "benchmarks" / script), str(home / "landing" / first)]
            timings.append(run(name, people, command)[0])
    return timings, steps


def medians(timings: list[Timing]) -> dict[tuple[int, str], dict[str, float]]:
    groups: dict[tuple[int, str], list[Timing]] = {}
    for timing in timings:
        groups.setdefault((timing.people, timing.name), []).append(timing)
    return {
        key: {
            "wall": statistics.median(t.wall_seconds for t in group),
            "fastest": min(t.wall_seconds for t in group),
            "slowest": max(t.wall_seconds for t in group),
            "cpu": statistics.median(t.cpu_seconds for t in group),
            "peak_mb": max(t.peak_mb for t in group),
            "runs": len(group),
        }
        for key, group in groups.items()
    }


def tables(summary: dict, months: int) -> str:
    lines = [
        f"{months} months of history, two cores.\n",
        "| people | what | median wall s | fastest – slowest | processor s | peak MB of one process | runs |",
        "|---|---|---|---|---|---|---|",
    ]
    for (people, name), m in sorted(summary.items()):
        spread = f"{m['fastest']:.1f} – {m['slowest']:.1f}"
        label = NAMES.get(name, name)
        lines.append(
            f"| {people:,} | {label} | {m['wall']:.1f} | {spread} | {m['cpu']:.1f} | {m['peak_mb']:,.0f} | {m['runs']} |"
        )
    lines += ["", "y = (e) + (c), what the machine needs at the least.", ""]
    lines += ["| people | y s | (a) ÷ y | (b) ÷ y | (a) for twice the people |", "|---|---|---|---|---|"]
    smaller: tuple[int, float] | None = None
    for people in sorted({people for people, _ in summary}):
        found = {name[0]: m["wall"] for (size, name), m in summary.items() if size == people}
        if not {"a", "c", "e"} <= set(found):
            continue
        a, y = found["a"], found["c"] + found["e"]
        of_next = f"{found['b'] / y:.2f}" if "b" in found else ""
        growth = f"{doubling(smaller, (people, a)):.2f} ×" if smaller else ""
        lines.append(f"| {people:,} | {y:.1f} | {a / y:.2f} | {of_next} | {growth} |")
        smaller = (people, a)
    return "\n".join(lines)


def doubling(smaller: tuple[int, float], larger: tuple[int, float]) -> float:
    """How many times as long twice the people take, between two sizes."""
    return float((larger[1] / smaller[1]) ** (math.log(2) / math.log(larger[0] / smaller[0])))


def plot(summary: dict, out: Path) -> None:
    import altair as alt
    import pandas as pd

    rows = [
        {"people": people, "what": NAMES[name], "seconds": m["wall"]}
        for (people, name), m in summary.items()
        if name in NAMES
    ]
    smallest, largest = min(row["people"] for row in rows), max(row["people"] for row in rows)
    start = next(row["seconds"] for row in rows if row["people"] == smallest and row["what"] == NAMES["a_full_history"])
    end = start * MOST_GROWTH ** math.log2(largest / smallest)
    limit = [{"people": smallest, "seconds": start}, {"people": largest, "seconds": end}]
    x = alt.X(
        "people:Q", title="registered people", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(format="~s")
    )
    y = alt.Y("seconds:Q", title="median wall seconds", scale=alt.Scale(type="log"))
    measured = (
        alt.Chart(pd.DataFrame(rows)).mark_line(point=True).encode(x=x, y=y, color=alt.Color("what:N", title=None))
    )
    allowed = alt.Chart(pd.DataFrame(limit)).mark_line(strokeDash=[6, 4], color="grey").encode(x=x, y=y)
    title = f"dashed: twice the people in {MOST_GROWTH} times the time of (a)"
    (allowed + measured).properties(width=560, height=320, title=title).save(str(out))


def page(command: str, summary: dict, months: int, steps: dict[int, dict]) -> str:
    parts = [
        "# Measured\n",
        f"Command: `{command}`.\n",
        tables(summary, months),
        "\n![median wall seconds by people](performance.svg)\n",
    ]
    parts.append("## Where the seconds go\n")
    for people, by_run in steps.items():
        for name, seconds in by_run.items():
            top = sorted(seconds.items(), key=lambda pair: -pair[1])[:12]
            parts.append(f"- {people:,} people, {NAMES[name]}: " + ", ".join(f"{step} {s} s" for step, s in top))
    return "\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[500_000, 1_000_000, 2_000_000])
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, default=ROOT / "data" / "bench")
    parser.add_argument("--pandas", action="store_true", help="also time the pandas script at the largest size")
    parser.add_argument(
        "--memory-limit", help="also (a) at the largest size with so little memory for DuckDB, such as 3GB"
    )
    parser.add_argument(
        "--next-delivery",
        type=int,
        nargs="*",
        metavar="PEOPLE",
        help="sizes at which (b) is measured too; default: all",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance_measured.md")
    arguments = parser.parse_args()
    command = "make bench" + (f' BENCH="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else "")
    home, largest = arguments.home, max(arguments.people)
    timings: list[Timing] = []
    steps: dict[int, dict] = {}
    for people in arguments.people:
        timings.append(make_demo(home, people, arguments.months, arguments.seed))
        with_next = arguments.next_delivery is None or people in arguments.next_delivery
        measured, steps[people] = measure(home, people, arguments.repeats, with_next)
        timings += measured
        first, _ = deliveries(home)
        if arguments.pandas and people == largest:
            script = str(ROOT / "benchmarks" / "pandas_floor.py")
            timings.append(run("d_pandas", people, [sys.executable, script, str(home / "landing" / first)])[0])
        if arguments.memory_limit and people == largest:
            forget_everything_made(home)
            timings.append(refresh("f_small_memory", home, people, first, arguments.memory_limit)[0])
        # after each size, so that what took hours stands when the next one fails
        summary = medians(timings)
        print(tables(summary, arguments.months), flush=True)
        arguments.out.write_text(page(command, summary, arguments.months, steps))
        arguments.out.with_suffix(".json").write_text(json.dumps([asdict(t) for t in timings], indent=1) + "\n")
        plot(summary, arguments.out.with_name("performance.svg"))
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
