"""Runs ``samyama`` commands as a user does: a process, its output, its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["cluster_command", "samyama_command"]


def samyama_command(
    *arguments: str,
    stdin: str | None = None,
    cwd: Path | None = None,
    timeout_s: float = 600,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """``variables`` of the environment, which has none of ours besides."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SAMYAMA_")}
    return subprocess.run(
        [sys.executable, "-m", "samyama", *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=environment | variables,
        cwd=cwd,
    )


def cluster_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return samyama_command("cluster", *arguments, NO_COLOR="1")
