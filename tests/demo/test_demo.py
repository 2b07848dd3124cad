"""The demonstration runs, in a pipe, and leaves nothing behind."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster


def test_the_demonstration_keeps_its_promises_and_cleans_up() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "samyama", "demo"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "\x1b" not in done.stdout, "a pipe gets plain text"
    assert "missing now: 0, doubled: 0" in done.stdout
    assert not done.stderr, done.stderr
    for pid in re.findall(r"│ \d+\s+│ (\d+)\s+│ 127", done.stdout):
        assert not Path(f"/proc/{pid}/cmdline").exists(), f"process {pid} still runs"
