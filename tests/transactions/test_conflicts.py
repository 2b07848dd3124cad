"""Which writes of others refuse an open transaction: a picture, beside which nothing may be missed."""

from __future__ import annotations

from pathlib import Path

from tests.transactions.conflicts import table

PICTURE = Path(__file__).with_name("conflicts.txt")


def test_no_read_is_changed_unseen_and_few_transactions_are_refused_for_nothing(
    update: bool,
) -> None:
    found = table()
    if update:
        PICTURE.write_text(found, encoding="utf-8")
    assert found == PICTURE.read_text(encoding="utf-8")
