"""Read the layers, merge them key by key, and check the result once against the schema.

A layer is a nested dictionary ``{section: {key: value}}``. Later layers win. The origin of each value is kept, so that
``samyama config show --origin`` can say which line of which file, variable or flag it came from.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from samyama.config.contradictions import contradictions
from samyama.config.schema import Settings, choices

__all__ = ["ENVIRONMENT_PREFIX", "ConfigError", "Loaded", "load"]

ENVIRONMENT_PREFIX = "SAMYAMA_"

Layer = dict[str, dict[str, Any]]


class ConfigError(Exception):
    """The configuration is wrong; the message names the key, where it was set, and what would be right."""


class Loaded(msgspec.Struct, frozen=True):
    """Checked settings, and for each ``section.key`` where its value came from."""

    settings: Settings
    origins: dict[str, str]


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Loaded:
    """Merge all layers and check them.

    Args:
        file: A TOML file. None: ``samyama.toml`` in the current directory, if there is one.
        environment: Variables; None: those of the process.
        flags: Values by ``section.key``; None values are left out.

    Raises:
        ConfigError: an unknown key, a wrong type or bound, or settings that contradict each other.

    Example:
        >>> load(environment={}, flags={"listen.bolt": "127.0.0.1:17687"}).settings.listen.bolt
        '127.0.0.1:17687'
    """
    merged: Layer = {}
    origins = {f"{section}.{key}": "default" for section, keys in _known().items() for key in keys}
    for layer, origin in _layers(
        file, os.environ if environment is None else environment, flags or {}
    ):
        for section, values in layer.items():
            for key, value in values.items():
                _require_known(section, key, origin(section, key))
                merged.setdefault(section, {})[key] = value
                origins[f"{section}.{key}"] = origin(section, key)
    try:
        settings = msgspec.convert(merged, Settings)
    except msgspec.ValidationError as error:
        raise ConfigError(_explain(str(error), origins)) from None
    for contradiction in contradictions(settings):
        raise ConfigError(contradiction)
    return Loaded(settings, origins)


def _layers(
    file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> list[tuple[Layer, Any]]:
    return [_file_layer(file), _environment_layer(environment), _flag_layer(flags)]


def _file_layer(file: Path | None) -> tuple[Layer, Any]:
    path = Path("samyama.toml") if file is None else file
    if file is None and not path.is_file():
        return {}, lambda *_: str(path)
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    for section, values in data.items():
        if not isinstance(values, dict):
            raise ConfigError(
                f"{path}: `{section}` stands outside a section; write it as [section] and key = value"
            )
    return data, lambda *_: str(path)


def _environment_layer(environment: Mapping[str, str]) -> tuple[Layer, Any]:
    layer: Layer = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__", 1)
        _require_known(section, key, f"environment variable {name}")
        layer.setdefault(section, {})[key] = _parse_text(section, key, text)
    return layer, lambda section, key: f"{ENVIRONMENT_PREFIX}{section.upper()}__{key.upper()}"


def _flag_layer(flags: Mapping[str, Any]) -> tuple[Layer, Any]:
    layer: Layer = {}
    for name, value in flags.items():
        if value is None:
            continue
        section, key = name.split(".", 1)
        layer.setdefault(section, {})[key] = value
    return layer, lambda *_: "command line"


def _known() -> dict[str, dict[str, msgspec.inspect.Field]]:
    known: dict[str, dict[str, msgspec.inspect.Field]] = {}
    for section in msgspec.structs.fields(Settings):
        kind = msgspec.inspect.type_info(section.type)
        inner = kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
        assert isinstance(inner, msgspec.inspect.StructType), (
            f"section {section.name} is not a struct"
        )
        known[section.name] = {field.name: field for field in inner.fields}
    return known


def _require_known(section: str, key: str, origin: str) -> None:
    known = _known()
    if section not in known:
        near = difflib.get_close_matches(section, known, 1)
        hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(known)}"
        raise ConfigError(f"{origin}: no section `{section}`{hint}")
    if key not in known[section]:
        near = difflib.get_close_matches(key, known[section], 1)
        hint = (
            f"; did you mean `{section}.{near[0]}`?"
            if near
            else f"; it has {', '.join(known[section])}"
        )
        raise ConfigError(f"{origin}: no key `{section}.{key}`{hint}")


def _parse_text(section: str, key: str, text: str) -> Any:
    """Text of a variable to the type of the key: TOML where that reads as the right type, the text itself otherwise."""
    kind = _known()[section][key].type
    inner = kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
    if isinstance(inner, msgspec.inspect.StrType):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explain(message: str, origins: dict[str, str]) -> str:
    """msgspec's ``... - at `$.raft.heartbeat_interval_ms` `` with the origin of the value."""
    path = message.rpartition("`$.")[2].rstrip("`")
    name = ".".join(path.split("[")[0].split(".")[:2])
    what = message.split(" - at ")[0]
    if found := re.search(r"matching regex '(.*)'$", what):
        # The rule as a person would say it.
        allowed = choices(found[1])
        what = f"write {' or '.join(allowed)}" if allowed else "write HOST:PORT"
    return f"{name}: {what} (set by {origins.get(name, 'default')})"
