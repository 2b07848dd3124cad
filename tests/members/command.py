"""Runs ``samyama`` commands as a user does: a process, its output, its exit code."""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["cluster_command", "samyama_command"]


def samyama_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SAMYAMA_")}
    return subprocess.run(
        [sys.executable, "-m", "samyama", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env=environment | {"NO_COLOR": "1"},
    )


def cluster_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return samyama_command("cluster", *arguments)
