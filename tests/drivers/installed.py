"""The official drivers in pinned versions, fetched once into ``target/drivers`` and used from there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = [
    "GO",
    "JAVA",
    "JAVASCRIPT",
    "PYTHON",
    "NotFetched",
    "go_program",
    "java_command",
    "javascript_driver",
    "python_driver",
]

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "target/drivers"
PYTHON = ("6.4.1", "5.28.8")
JAVASCRIPT = "6.3.0"
JAVA = "6.2.1"
GO = "v5.28.4"


class NotFetched(RuntimeError):
    """A driver could not be had: the tool is missing, or the registry does not answer. The message says which."""


def run(*command: str, cwd: Path | None = None, timeout_s: float = 240.0) -> str:
    """The standard output of a command. Raises: NotFetched: it is missing, took too long, or failed."""
    if shutil.which(command[0]) is None:
        raise NotFetched(f"{command[0]} is not installed")
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotFetched(f"{' '.join(command)}: no end after {timeout_s:g} s") from None
    if done.returncode != 0:
        raise NotFetched(f"{' '.join(command)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout


def python_driver(version: str) -> dict[str, str]:
    """The environment in which ``import neo4j`` gives this version.

    Raises: NotFetched: it cannot be installed.
    """
    import neo4j

    if neo4j.__version__ == version:
        return dict(os.environ)
    place = CACHE / f"python-{version}"
    if not (place / "neo4j").is_dir():
        fresh = workspace(f"python-{version}.new")
        command = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*command, "--target", str(fresh), f"neo4j=={version}")
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    return {**os.environ, "PYTHONPATH": str(place)}


def workspace(name: str) -> Path:
    """An empty directory in the cache."""
    place = CACHE / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def javascript_driver() -> Path:
    """The directory from which Node finds ``neo4j-driver``. Raises: NotFetched."""
    place = CACHE / f"javascript-{JAVASCRIPT}"
    if not (place / "node_modules/neo4j-driver/package.json").is_file():
        fresh = workspace(f"javascript-{JAVASCRIPT}.new")
        (fresh / "package.json").write_text('{"name": "drivers", "private": true}\n', "utf-8")
        run(
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--save-exact",
            f"neo4j-driver@{JAVASCRIPT}",
            cwd=fresh,
        )
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    if shutil.which("node") is None:
        raise NotFetched("node is not installed")
    return place


def go_program(source: Path) -> Path:
    """The program built from ``source`` with the Go driver. Raises: NotFetched."""
    place = CACHE / f"go-{GO}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "main.go").write_text(source.read_text("utf-8"), "utf-8")
    if not (place / "go.sum").exists():
        (place / "go.mod").unlink(missing_ok=True)
        run("go", "mod", "init", "ordinary_use", cwd=place)
        run("go", "get", f"github.com/neo4j/neo4j-go-driver/v5@{GO}", cwd=place)
    built = subprocess.run(
        ["go", "build", "-o", "ordinary_use", "."],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, f"{source.name} does not compile: {built.stderr}"
    return place / "ordinary_use"


def java_command(source: Path) -> list[str]:
    """What runs ``source`` with the Java driver. Raises: NotFetched."""
    place = CACHE / f"java-{JAVA}"
    if not (place / "jars").is_dir():
        fresh = workspace(f"java-{JAVA}.new")
        (fresh / "pom.xml").write_text(POM.format(version=JAVA), "utf-8")
        run("mvn", "-q", "dependency:copy-dependencies", "-DoutputDirectory=jars", cwd=fresh)
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    if shutil.which("java") is None:
        raise NotFetched("java is not installed")
    return ["java", "-cp", str(place / "jars/*"), str(source)]


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>samyama</groupId><artifactId>drivers</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.neo4j.driver</groupId><artifactId>neo4j-java-driver</artifactId><version>{version}</version>
  </dependency></dependencies>
</project>
"""
