"""The asynchronous twin: the same names, and nothing that waits stops the loop or another session."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

import samyama
from samyama.errors import QueryError

PAIRS = [
    (samyama.Database, samyama.AsyncDatabase),
    (samyama.Session, samyama.AsyncSession),
    (samyama.Transaction, samyama.AsyncTransaction),
    (samyama.Result, samyama.AsyncResult),
]
#: Opening reads a log, so the twin does it apart from its constructor.
ONLY_ASYNC = {"open"}
#: Reads nothing.
NOT_AWAITED = {"session", "keys", "closed"}


def public(kind: type) -> dict[str, Any]:
    return {n: m for n, m in vars(kind).items() if not n.startswith("_") and callable(m)}


@pytest.mark.parametrize(("sync", "twin"), PAIRS, ids=lambda kind: kind.__name__)
def test_the_twin_has_the_same_names_and_parameters(sync: type, twin: type) -> None:
    ours, theirs = public(sync), public(twin)
    assert set(theirs) - ONLY_ASYNC == set(ours)
    for name, method in ours.items():
        there = theirs[name]
        assert list(inspect.signature(there).parameters) == list(
            inspect.signature(method).parameters
        ), name
        assert inspect.iscoroutinefunction(there) == (name not in NOT_AWAITED), name


def test_a_whole_conversation() -> None:
    async def main() -> None:
        async with samyama.AsyncDatabase() as db:
            await db.execute("CREATE (:A {n: 1})")
            records, _, keys = await db.execute_query("MATCH (a:A) RETURN a.n AS n")
            assert ([r["n"] for r in records], keys) == ([1], ["n"])
            async with db.session(fetch_size=3) as session:
                result = await session.run("UNWIND range(1, 10) AS x RETURN x")
                assert [record["x"] async for record in result] == list(range(1, 11))
                assert (await result.consume()).query_type == "r"

                async def work(tx: samyama.AsyncTransaction, n: int) -> int:
                    await tx.run("CREATE (:A {n: $n})", n=n)
                    found = await tx.run("MATCH (a:A) RETURN count(a)")
                    return int((await found.single(strict=True))[0])

                assert await session.execute_write(work, 2) == 2
            async with await db.begin() as transaction:
                await transaction.run("CREATE (:A {n: 3})")
            with pytest.raises(QueryError):
                await db.execute("RETURN nothing")
            assert await (await db.execute("MATCH (a:A) RETURN sum(a.n)")).value() == [6]

    asyncio.run(main())


def test_calls_that_wait_for_a_transaction_do_not_keep_it_from_its_commit() -> None:
    """Many statements that wait for one claim, and the commit that ends it: all have a thread."""

    async def main() -> int:
        async with samyama.AsyncDatabase() as db:
            await db.execute("CREATE (:C {n: 0})")
            transaction = await db.begin()
            await transaction.run("MATCH (c:C) SET c.n = c.n + 1")
            waiting = [
                asyncio.create_task(db.execute("MATCH (c:C) SET c.n = c.n + 1")) for _ in range(100)
            ]
            await asyncio.sleep(0)
            await transaction.commit()
            await asyncio.gather(*waiting)
            return int((await (await db.execute("MATCH (c:C) RETURN c.n")).value())[0])

    assert asyncio.run(main()) == 101


def test_cancelling_ends_the_statement_and_the_session_goes_on() -> None:
    long = (
        "UNWIND range(1, 10000) AS a UNWIND range(1, 10000) AS b UNWIND range(1, 10000) AS c"
        " WITH a WHERE a < 0 RETURN count(a)"
    )

    async def main() -> None:
        async with samyama.AsyncDatabase() as db, db.session() as session:
            task = asyncio.create_task(session.run(samyama.Query(long, timeout=300.0)))
            while not await _runs(db, "UNWIND range"):
                assert not task.done()
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not await _runs(db, "UNWIND range")
            assert await (await session.run("RETURN 1")).value() == [1]

    asyncio.run(asyncio.wait_for(main(), 120))


async def _runs(db: samyama.AsyncDatabase, text: str) -> bool:
    shown = await db.execute("SHOW TRANSACTIONS YIELD currentQuery RETURN currentQuery AS q")
    return any(text in q for q in await shown.value())


def test_it_has_to_be_opened() -> None:
    async def main() -> None:
        db = samyama.AsyncDatabase()
        with pytest.raises(RuntimeError, match="not open"):
            db.session()
        await (await db.open()).execute("RETURN 1")
        await db.close()
        await db.close()

    asyncio.run(main())
