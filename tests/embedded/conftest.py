"""A database in memory for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import samyama


@pytest.fixture
def db() -> Iterator[samyama.Database]:
    with samyama.open() as database:
        yield database
