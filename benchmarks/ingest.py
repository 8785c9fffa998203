"""Ingest of one feed beside DuckDB's own reading of the same files: processor seconds, each run a process of its own.

`python benchmarks/ingest.py` makes a demo once and prints one line per feed: medians of both, their ratio and the peak of
memory. The floor is DuckDB's `read_csv` with its own types, written as Parquet, of the columns that the contract keeps; it
hashes nothing, checks nothing and leaves one file. Runs alternate, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from processes import run

FEEDS = ("gp_appointments", "hes_op", "hes_apc", "ecds")
INGEST = """
import sys
from orchestration.landing.deliveries import find_delivery
from orchestration.lake.feed import ingest_feed
from orchestration.foundation.settings import load_settings
settings = load_settings(home=sys.argv[1], threads=2)
delivery = find_delivery(settings.paths, sys.argv[3])
print(ingest_feed(settings, delivery, sys.argv[2]).rows_read)
"""
FLOOR = """
import sys
import duckdb
connection = duckdb.connect(config={"threads": 2, "memory_limit": "4GB"})
connection.execute("set enable_progress_bar = false")
files, columns, target = sys.argv[1].split("\\n"), sys.argv[2].split("\\n"), sys.argv[3]
for number, group in enumerate(files):
    listed = ", ".join(f"'{path}'" for path in group.split("|"))
    chosen = ", ".join(f'"{column}"' for column in columns)
    connection.execute(
        f"copy (select {chosen} from read_csv([{listed}], normalize_names = false)) to '{target}' (format parquet)"
    )
"""
NOTHING = "import orchestration.lake.feed"


def headers_kept(home: Path, delivery: str, feed: str) -> tuple[list[Path], list[str]]:
    """The landed files of a feed, and the headers of the columns that its contract keeps."""
    from orchestration.contracts import load_contracts
    from orchestration.foundation.settings import load_settings
    from orchestration.landing.deliveries import find_delivery
    from orchestration.landing.layout import find_layout
    from orchestration.landing.source_files import open_text

    landed = find_delivery(load_settings(home=home).paths, delivery).files[feed]
    source = open_text(landed[0].path, feed, landed[0].path.name, "", home)
    layout = find_layout(source, load_contracts()[feed])
    places = sorted({place for found in layout.columns.values() for place in found.positions})
    return [file.path for file in landed], [layout.raw_headers[place] for place in places]


def measure(home: Path, delivery: str, feed: str, repeats: int) -> str:
    files, headers = headers_kept(home, delivery, feed)
    floor_arguments = ["|".join(map(str, files)), "\n".join(headers), str(home / "floor.parquet")]
    seconds: dict[str, list[float]] = {"ingest": [], "floor": [], "imports": []}
    peak_mb, rows = 0.0, "0"
    for _ in range(repeats):
        for made in ("lake", "logs"):
            shutil.rmtree(home / made, ignore_errors=True)
        timing, rows = run("ingest", 0, [sys.executable, "-c", INGEST, str(home), feed, delivery])
        peak_mb = max(peak_mb, timing.peak_mb)
        seconds["ingest"].append(timing.cpu_seconds)
        seconds["floor"].append(run("floor", 0, [sys.executable, "-c", FLOOR, *floor_arguments])[0].cpu_seconds)
        seconds["imports"].append(run("imports", 0, [sys.executable, "-c", NOTHING])[0].cpu_seconds)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    size_mb = sum(path.stat().st_size for path in files) / 1e6
    ratio = median["ingest"] / median["floor"]
    return (
        f"| {feed} | {int(rows.split()[-1]):,} | {len(files)} | {size_mb:.0f} | {median['floor']:.2f} | {median['ingest']:.2f} "
        f"| {median['imports']:.2f} | {ratio:.2f} | {peak_mb:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=90_000)
    parser.add_argument("--months", type=int, default=26)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--feeds", nargs="+", default=list(FEEDS))
    parser.add_argument("--landing", type=Path, help="use the deliveries in this folder instead of a new demo")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if arguments.landing:
            shutil.copytree(arguments.landing, home / "landing")
        else:
            from orchestration.synthetic import write_demo

            write_demo(home / "landing", people=arguments.people, months=arguments.months, seed=arguments.seed)
        delivery = min(path.name for path in (home / "landing").iterdir() if path.is_dir())
        print("| feed | rows | files | MB | DuckDB s | ingest s | of it imports s | ratio | peak MB |")
        print("|---|---|---|---|---|---|---|---|---|")
        for feed in arguments.feeds:
            print(measure(home, delivery, feed, arguments.repeats), flush=True)


if __name__ == "__main__":
    main()
