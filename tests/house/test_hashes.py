"""The one memory of hashes answers for bytes only while nobody can have changed them; the one way to write leaves old or new."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from orchestration.foundation import hashes as hashes_module
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import MEMORY, FileHashes, hash_bytes


def test_a_change_is_always_seen(tmp_path: Path) -> None:
    """A thousand edits in place, as quick as they can be, of the same size and with the time of writing set back."""
    file, hashes = tmp_path / "file", FileHashes(tmp_path / MEMORY)
    file.write_bytes(b"0000")
    written = file.stat().st_mtime_ns
    for number in range(1000):
        content = f"{number:04}".encode()
        with file.open("r+b") as stream:
            stream.write(content)
        os.utime(file, ns=(written, written))
        assert hashes.of(file) == hash_bytes(content)


def test_what_is_known_is_not_read_again_not_even_by_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"some bytes")
    time.sleep(0.03)
    first = FileHashes(tmp_path / MEMORY)
    known = first.of(file)
    first.save()
    monkeypatch.setattr(hashes_module, "hash_file", lambda path: pytest.fail("read again"))
    assert first.of(file) == FileHashes(tmp_path / MEMORY).of(file) == known
    assert "file" not in (tmp_path / MEMORY).read_text(), "the memory names no files"


@pytest.mark.parametrize("left", ["", "[]", '{"a": ', "\x00"])
def test_a_damaged_memory_costs_a_second_look_and_nothing_else(tmp_path: Path, left: str) -> None:
    (tmp_path / MEMORY).write_text(left)
    (tmp_path / "file").write_bytes(b"x")
    assert FileHashes(tmp_path / MEMORY).of(tmp_path / "file") == hash_bytes(b"x")
    assert FileHashes(tmp_path / MEMORY).of(tmp_path / "gone") == ""


@pytest.mark.parametrize("digit", range(64))
def test_no_digit_of_the_memory_can_be_changed_unseen(tmp_path: Path, digit: int) -> None:
    """One that was believed gave a release another hash of a landed file, for good."""
    (tmp_path / "file").write_bytes(b"x")
    time.sleep(0.03)
    hashes, known = FileHashes(tmp_path / MEMORY), hash_bytes(b"x")
    hashes.of(tmp_path / "file")
    hashes.save()
    other = known[:digit] + ("1" if known[digit] == "0" else "0") + known[digit + 1 :]
    (tmp_path / MEMORY).write_text((tmp_path / MEMORY).read_text().replace(known, other))
    assert FileHashes(tmp_path / MEMORY).of(tmp_path / "file") == known


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    code = textwrap.dedent(f"""
        from pathlib import Path
        from orchestration.foundation.files import write_atomically
        while True:
            for letter in "ab":
                write_atomically(Path({str(tmp_path / "file")!r}), letter * 100_000)
    """)
    write_atomically(tmp_path / "file", "a" * 100_000)
    for wait in (0.3, 0.35, 0.4):
        writer = subprocess.Popen([sys.executable, "-c", code])
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert (tmp_path / "file").read_text() in ("a" * 100_000, "b" * 100_000)
