"""The pages that are generated, each from the one place that knows. ``python tools/reference_pages.py`` writes them.

``tests/docs/test_references.py`` compares them with what is in the tree.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

PUBLIC_MODULES = (
    "samyama",
    "samyama.errors",
    "samyama.testing",
    "samyama.testing.faults",
    "samyama.testing.checkers",
    "samyama.testing.bolt",
)


def pages() -> dict[str, Callable[[], str]]:
    """Path below the root to what the page should be."""
    from samyama.cli.reference import render as render_cli
    from samyama.config.reference import render as render_configuration
    from samyama.error_codes import render as render_errors
    from samyama.observability.alerts import ALERTS, render_page, render_rules
    from samyama.observability.dashboard import render_dashboard
    from samyama.observability.reference import render as render_metrics

    return {
        "docs/reference/configuration.md": render_configuration,
        "docs/reference/python.md": render_python,
        "docs/reference/cli.md": render_cli,
        "docs/reference/errors.md": render_errors,
        "docs/operations/metrics.md": render_metrics,
        "deploy/prometheus/alerts.yml": render_rules,
        "deploy/grafana/dashboard.json": render_dashboard,
        **{f"docs/operations/alerts/{alert.page}": partial(render_page, alert) for alert in ALERTS},
    }


# ------------------------------------------------------------------------------------------------- Python API

PYTHON_HEAD = """# Python API

Everything public: `samyama` (the embedded database), `samyama.errors`, and `samyama.testing` (clusters of real
processes for tests). Names and meanings of sessions, transactions and results are those of Neo4j's driver. For a server
use [that driver](https://pypi.org/project/neo4j/), unchanged. This page is generated from the docstrings.
"""


def render_python() -> str:
    """One section a module, one a name."""
    parts = [PYTHON_HEAD]
    for name in PUBLIC_MODULES:
        module = importlib.import_module(name)
        parts.append(f"\n## {name}\n\n{_text(module)}\n")
        for member in module.__all__:
            parts += _render_member(module, member)
    return "".join(parts)


def _render_member(module: ModuleType, name: str) -> Iterator[str]:
    value = getattr(module, name)
    full = f"{module.__name__}.{name}"
    if inspect.isclass(value):
        yield f"\n### `{full}`\n\n"
        bases = [base.__name__ for base in value.__bases__ if not base.__name__.startswith("_")]
        if bases != ["object"] and bases:
            yield f"A `{'`, `'.join(bases)}`. "
        yield f"{_text(value)}\n\n"
        if "__init__" in vars(value) and not issubclass(value, BaseException):
            signature = _signature(value)
            if not MADE_BY_US.search(signature):
                yield f"- `{name}{signature}`\n"
        for member, inner in vars(value).items():
            if not member.startswith("_"):
                yield from _render_attribute(name, member, inner)
    elif callable(value):
        yield f"\n### `{full}{_signature(value)}`\n\n{_text(value)}\n"
    else:
        yield f"\n### `{full}`\n\nA `{type(value).__name__}`.\n"


def _render_attribute(owner: str, name: str, value: Any) -> Iterator[str]:
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    if isinstance(value, property):
        text = _text(value.fget)
        yield f"- `{owner}.{name}`" + (f": {' '.join(text.split())}" if text else "") + "\n"
    elif inspect.isfunction(value):
        prefix = "await " if inspect.iscoroutinefunction(value) else ""
        title = f"`{prefix}{owner}.{name}{_signature(value)}`"
        text = _text(value)
        if "\n\n" not in text:
            yield f"- {title}" + (f": {' '.join(text.split())}" if text else "") + "\n"
            return
        first, rest = text.split("\n\n", 1)
        # The rest belongs to the item of the list: it is indented below it.
        indented = "\n".join(f"  {line}" if line else "" for line in rest.splitlines())
        yield f"- {title}: {' '.join(first.split())}\n\n{indented}\n\n"


#: Parameters that only this project gives: the class is made by a method of another.
MADE_BY_US = re.compile(r": (_Worker|Conversation|Statements|_core\.\w+)\b")


def _signature(value: Any) -> str:
    """As it is written; annotations are text already."""
    signature = inspect.signature(value)
    parts: list[str] = []
    last_kind: Any = None
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and last_kind not in (
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            parts.append("*")
        if last_kind is parameter.POSITIONAL_ONLY and parameter.kind is not last_kind:
            parts.append("/")
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        text = stars + parameter.name
        if parameter.annotation is not parameter.empty:
            text += f": {_annotation(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += f" = {_default(parameter.default)}"
        parts.append(text)
        last_kind = parameter.kind
    if last_kind is inspect.Parameter.POSITIONAL_ONLY:
        parts.append("/")
    returned = signature.return_annotation
    arrow = "" if returned in (signature.empty, None, "None") else f" -> {_annotation(returned)}"
    return f"({', '.join(parts)}){arrow}"


def _annotation(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _default(value: Any) -> str:
    if inspect.isfunction(value):
        return value.__qualname__
    return repr(value)


def _text(value: Any) -> str:
    return _as_markdown(inspect.getdoc(value) or "")


def _as_markdown(text: str) -> str:
    """Docstring to Markdown: roles and double backticks, literal blocks, examples, sections of arguments."""
    text = re.sub(r":\w+:`\.?~?([^`]+)`", r"`\1`", text).replace("``", "`")
    lines: list[str] = []
    block: list[str] = []

    def close() -> None:
        if block:
            while block and not block[-1].strip():
                block.pop()
            language = (
                "python" if any(line.lstrip().startswith(">>>") for line in block) else "text"
            )
            indent = min(len(line) - len(line.lstrip()) for line in block if line.strip())
            lines.extend([f"```{language}", *(line[indent:] for line in block), "```", ""])
            block.clear()

    is_literal = False
    for line in text.splitlines():
        starts_example = line.lstrip().startswith((">>>", "..."))
        if block or starts_example or (is_literal and line.strip()):
            if line.strip() or is_literal:
                if line.strip() and not line.startswith(" ") and is_literal:
                    is_literal = False
                    close()
                else:
                    block.append(line)
                    continue
            else:
                close()
        if line.rstrip().endswith("::") and not starts_example:
            is_literal = True
            line = line.rstrip()[:-1]
        heading = re.fullmatch(
            r"(Args|Raises|Returns|Attributes|Example|Source):(.*)", line.strip()
        )
        if heading:
            lines += ["", f"**{heading[1]}:**{heading[2]}", ""] if heading[1] != "Example" else [""]
            continue
        argument = re.fullmatch(r"    ([\w, ]+): (.*)", line)
        if argument:
            lines.append(f"- `{argument[1]}`: {argument[2]}")
        else:
            lines.append(re.sub(r"^ {4,}", "  ", line))
    close()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def main() -> None:
    """Write every page whose text has changed."""
    for path, render in pages().items():
        target, text = ROOT / path, render()
        if not target.exists() or target.read_text("utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
            print(path)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "python"))
    main()
