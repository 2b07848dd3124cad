"""A load against addresses, made by the engine's own generator: the official driver cannot show what a server does."""

from __future__ import annotations

import msgspec

from samyama import _core

__all__ = [
    "Generator",
    "Latency",
    "Load",
    "Random",
    "Report",
    "Sequence",
    "Text",
    "TextBytes",
    "run_load",
]


class Sequence(msgspec.Struct, frozen=True):
    """Each request takes the next number, over all connections."""

    start: int = msgspec.field(name="from")


class Random(msgspec.Struct, frozen=True):
    """Uniform from ``start`` until before ``until``."""

    start: int = msgspec.field(name="from")
    until: int


class Text(msgspec.Struct, frozen=True):
    """Always this text."""

    text: str


class TextBytes(msgspec.Struct, frozen=True):
    """Always a text of this length."""

    length: int


Generator = Sequence | Random | Text | TextBytes | int


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask, by how many, for how long.

    ``depth`` requests are on their way on each connection; with 1 it waits for each answer before it asks again.
    """

    addresses: list[str]
    statement: str
    parameters: dict[str, Generator] = {}
    connections: int = 1
    depth: int = 1
    threads: int = 1
    warmup_ms: int = 1_000
    duration_ms: int = 5_000
    requests_max: int | None = None
    read_only: bool = False
    read_level: str | None = None
    seed: int = 1


class Latency(msgspec.Struct, frozen=True):
    """In microseconds, from the moment at which a request is handed to the socket."""

    mean_us: float
    p50_us: int
    p90_us: int
    p99_us: int
    p999_us: int
    max_us: int


class Report(msgspec.Struct, frozen=True):
    """What a load came to: counted from the end of the warm-up."""

    operations: int
    seconds: float
    per_s: float
    latency: Latency
    rows: int
    errors: dict[str, int]
    connections_lost: int
    per_second: list[int]
    cpu_us_per_operation: float


def run_load(load: Load) -> Report:
    """Make the load and wait for its end.

    Raises: ValueError: it is out of its bounds. OSError: an address does not answer.
    """
    document = msgspec.to_builtins(load)
    document["parameters"] = {name: _generator(value) for name, value in load.parameters.items()}
    return msgspec.json.decode(_core.load(msgspec.json.encode(document).decode()), type=Report)


def _generator(value: Generator) -> object:
    """As ``crates/bolt/src/load/spec.rs`` reads it."""
    match value:
        case Sequence() | Random():
            return {type(value).__name__.lower(): msgspec.to_builtins(value)}
        case Text(text):
            return {"text": text}
        case TextBytes(length):
            return {"text_bytes": length}
        case _:
            return {"integer": value}
