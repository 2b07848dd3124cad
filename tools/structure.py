"""Prints what the tree looks like: rooms and arrows, lines by language, the longest files and functions.

``python tools/structure.py`` from the root of a checkout. Facts to read, not a verdict; ``tests/tidy`` holds the rules.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUST_FUNCTION = re.compile(
    r"^(\s*)(?:pub(?:\([^)]*\))?\s+)?(?:const\s+)?(?:async\s+)?(?:unsafe\s+)?fn\s+(\w+)"
)


def tracked(*suffixes: str) -> list[Path]:
    """Files git knows or would take, by suffix."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted(
        ROOT / name
        for name in set(listing.splitlines())
        if name.endswith(suffixes) and (ROOT / name).is_file()
    )


def code_lines(path: Path) -> int:
    """Lines that are not blank."""
    return sum(1 for line in path.read_text("utf-8").splitlines() if line.strip())


def python_share() -> tuple[int, int]:
    """Non-blank lines of Python and of Rust."""
    return sum(map(code_lines, tracked(".py", ".pyi"))), sum(map(code_lines, tracked(".rs")))


def crate_arrows() -> dict[str, list[str]]:
    """For each crate the crates of ours that it may name (its normal dependencies)."""
    arrows = {}
    for manifest in sorted((ROOT / "crates").glob("*/Cargo.toml")):
        dependencies = tomllib.loads(manifest.read_text("utf-8")).get("dependencies", {})
        ours = [
            name.removeprefix("samyama-") for name in dependencies if name.startswith("samyama-")
        ]
        arrows[manifest.parent.name] = sorted(ours)
    return arrows


def functions() -> Iterator[tuple[int, str]]:
    """(lines, place) of every function, Python by its syntax tree, Rust by indentation of the closing brace."""
    for path in tracked(".py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (
                    (node.end_lineno or node.lineno) - node.lineno + 1,
                    f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
                )
    for path in tracked(".rs"):
        lines = path.read_text("utf-8").splitlines()
        for number, line in enumerate(lines):
            if match := RUST_FUNCTION.match(line):
                closing = match[1] + "}"
                end = next(
                    (
                        i
                        for i in range(number, len(lines))
                        if lines[i].startswith(closing) and lines[i].strip() == "}"
                    ),
                    None,
                )
                if end is not None and not line.rstrip().endswith(";"):
                    yield end - number + 1, f"{path.relative_to(ROOT)}:{number + 1} {match[2]}"


def main() -> None:
    python, rust = python_share()
    share = 100 * python / max(1, python + rust)
    print(f"Python {python} lines, Rust {rust}: {share:.1f} % Python (blank lines not counted)\n")
    print("Crates and whom they may name:")
    for crate, ours in crate_arrows().items():
        lines = sum(
            code_lines(p) for p in tracked(".rs") if p.is_relative_to(ROOT / "crates" / crate)
        )
        print(f"  {crate:<8}{lines:>7}   {', '.join(ours) or '-'}")
    print("\nPython packages:")
    for package in sorted(p.parent for p in (ROOT / "python/samyama").rglob("__init__.py")):
        lines = sum(code_lines(p) for p in package.glob("*.py"))
        print(f"  {package.relative_to(ROOT / 'python')!s:<34}{lines:>7}")
    files = sorted(
        ((code_lines(p), p.relative_to(ROOT)) for p in tracked(".py", ".rs")), reverse=True
    )
    print("\nLongest files:", *(f"  {lines:>6}  {path}" for lines, path in files[:10]), sep="\n")
    print(
        "\nLongest functions:",
        *(f"  {lines:>6}  {place}" for lines, place in sorted(functions(), reverse=True)[:10]),
        sep="\n",
    )


if __name__ == "__main__":
    main()
