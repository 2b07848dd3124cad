"""The reference page of the configuration, from the schema. ``python -m samyama.config.reference`` prints it."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from samyama.config.load import ENVIRONMENT_PREFIX
from samyama.config.schema import Member, Settings, choices

__all__ = ["render"]

HEAD = f"""# Configuration

Defaults < `samyama.toml` < environment (`{ENVIRONMENT_PREFIX}SECTION__KEY`) < flags. An unknown key is an error with
the nearest name. `samyama config show --origin` prints each value with the place it came from. This page is generated
from `python/samyama/config/schema.py`.
"""


def render() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    defaults = Settings()
    for section in msgspec.structs.fields(Settings):
        kind = msgspec.inspect.type_info(section.type)
        description, inner = _unwrap(kind)
        assert isinstance(inner, msgspec.inspect.StructType), (
            f"section {section.name} is not a struct"
        )
        parts.append(
            f"\n## [{section.name}]\n\n{description}\n\n| key | default | meaning |\n| --- | --- | --- |\n"
        )
        for field in inner.fields:
            value = getattr(getattr(defaults, section.name), field.name)
            parts.append(
                f"| `{field.name}` | `{_show(value)}` | {_unwrap(field.type)[0]}{_bounds(field.type)} |\n"
            )
    parts.append("\n## One entry of `cluster.members`\n\n| key | meaning |\n| --- | --- |\n")
    for member_field in msgspec.structs.fields(Member):
        parts.append(
            f"| `{member_field.name}` | {_unwrap(msgspec.inspect.type_info(member_field.type))[0]} |\n"
        )
    return "".join(parts)


def _unwrap(kind: Any) -> tuple[str, Any]:
    """The description of an annotated type, and the type inside."""
    description = ""
    while isinstance(kind, msgspec.inspect.Metadata):
        description = (kind.extra_json_schema or {}).get("description", description)
        kind = kind.type
    return description, kind


def _bounds(kind: Any) -> str:
    inner = _unwrap(kind)[1]
    if words := choices(getattr(inner, "pattern", None) or ""):
        return f" ({', '.join(words)})"
    low, high = getattr(inner, "ge", None), getattr(inner, "le", None)
    if low is None and high is None:
        return ""
    return f" ({low if low is not None else ''}..{high if high is not None else ''})"


def _show(value: Any) -> str:
    return msgspec.json.encode(value).decode()


if __name__ == "__main__":
    sys.stdout.write(render())
