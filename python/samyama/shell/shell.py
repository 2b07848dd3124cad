"""The shell: runs statements and commands, prints what they give, and says what went wrong.

Rows go to standard output. What is said about them goes there too on a terminal, and to standard error in a pipe, so
that a pipe carries rows and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from samyama._database import Session, Transaction
from samyama._results import Result, Summary
from samyama.errors import OutcomeUnknown, SamyamaError, TransientError
from samyama.exits import Exit
from samyama.shell.commands import CommandError, Leave, run_command
from samyama.shell.completion import Names
from samyama.shell.connection import Connection
from samyama.shell.plans import print_plan
from samyama.shell.render import describe, print_result
from samyama.shell.statements import Splitter, Statement

__all__ = ["Shell", "StatementFailed"]


class StatementFailed(Exception):
    """What was asked was not done, and has been said. ``exit`` is what a script ends with."""

    def __init__(self, exit: Exit) -> None:
        super().__init__(exit.name)
        self.exit = exit


class Shell:
    """One user's conversation with one connection.

    Args:
        connection: What runs the statements; the shell does not close it.
        console: Where rows go.
        messages: Where everything else goes.
        format: ``table``, ``plain``, ``csv`` or ``json``.
        database: Its name.
        summaries: Say after each statement what it did.
    """

    def __init__(
        self,
        connection: Connection,
        console: Console,
        messages: Console,
        *,
        format: str,
        database: str = "neo4j",
        summaries: bool = True,
    ) -> None:
        self.connection = connection
        self.console = console
        self.messages = messages
        self.format = format
        self.database = database
        self.summaries = summaries
        self.parameters: dict[str, Any] = {}
        self.transaction: Transaction | None = None
        self._session: Session | None = None
        self._names: Names | None = None

    # ------------------------------------------------------------------------------------------------ running

    def run_text(self, text: str, name: str) -> None:
        """Run all statements of a text, up to the first that fails.

        Raises: StatementFailed, Leave.
        """
        splitter = Splitter()
        statements = list(splitter.feed(text if text.endswith("\n") else text + "\n"))
        if (last := splitter.finish()) is not None:
            statements.append(last)
        for statement in statements:
            try:
                self.run(statement)
            except StatementFailed:
                self.warn(f"{name}, line {statement.line}: stopped here")
                raise

    def run(self, statement: Statement) -> None:
        """Run one statement or command.

        Raises: StatementFailed: it has been said why. Leave: the user wants to go.
        """
        if statement.is_command:
            self._guarded(lambda: run_command(self, statement.text))
        else:
            self._guarded(lambda: self.print_query(statement.text, self.parameters))

    def print_query(self, text: str, parameters: dict[str, Any] | None = None) -> None:
        """Run Cypher and print its rows and what it did."""
        began = time.perf_counter()
        result = self._start(text, parameters or {})
        rows = print_result(self.console, result, self.format) if result.keys() else 0
        summary = result.consume()
        self._describe(summary, rows, (time.perf_counter() - began) * 1000)
        if summary.query_type != "r":
            self._names = None

    def _start(self, text: str, parameters: dict[str, Any]) -> Result:
        if self.transaction is not None:
            return self.transaction.run(text, parameters)
        return self.session().run(text, parameters)

    def evaluate(self, expression: str) -> Any:
        """The value of a Cypher expression, for a parameter."""
        result = self._start(f"RETURN {expression} AS value", self.parameters)
        return result.single(strict=True)[0]

    def session(self) -> Session:
        """The session in use; a new one after :meth:`use` and after a connection was lost."""
        if self._session is None:
            self._session = self.connection.session(self.database)
        return self._session

    # ------------------------------------------------------------------------------------------- transactions

    def begin(self) -> None:
        """Open a transaction."""
        self.transaction = self.session().begin_transaction()

    def commit(self) -> str:
        """Its bookmark."""
        assert self.transaction is not None, "there is a transaction to commit"
        transaction, self.transaction = self.transaction, None
        return transaction.commit()

    def rollback(self) -> None:
        """Undo it."""
        assert self.transaction is not None, "there is a transaction to roll back"
        transaction, self.transaction = self.transaction, None
        transaction.rollback()

    def end_script(self) -> None:
        """There is nothing more to run. What is not committed by then is not done, and whoever wrote it should know.

        Raises: StatementFailed: a transaction was open.
        """
        if self.transaction is not None:
            self.rollback()
            self.warn(
                "the transaction that was open at the end was rolled back: there was no :commit"
            )
            raise StatementFailed(Exit.NO)

    def use(self, database: str) -> None:
        """Go to another database, if there is one of that name."""
        before, self.database = self.database, database
        self._session = self._names = None
        try:
            self.session().run("RETURN 1").consume()
        except SamyamaError:
            self.database, self._session = before, None
            raise

    # ---------------------------------------------------------------------------------------------- completion

    def names(self) -> Names:
        """The names in the database, for completion; as they were when it was last written from here."""
        if self._names is None and self.transaction is None:
            session = self.session()
            self._names = Names.fetch(lambda text: [str(v) for v in session.run(text).value()])
        return self._names or Names()

    # ------------------------------------------------------------------------------------------------- saying

    def print_line(self, text: str) -> None:
        """A line of the answer."""
        self.console.print(Text(text), soft_wrap=True)

    def say(self, text: str, style: str = "dim") -> None:
        """A line about it."""
        self.messages.print(Text(text, style=style), soft_wrap=True)

    def warn(self, text: str) -> None:
        """A line about what went wrong."""
        self.say(text, "bold red")

    def _describe(self, summary: Summary, rows: int, elapsed_ms: float) -> None:
        plan = summary.profile or summary.plan
        if plan is not None:
            # It is what was asked for, so it is part of the answer.
            print_plan(self.console, plan)
        if not self.summaries:
            return
        for notification in summary.notifications:
            self.say(f"{notification['severity'].lower()}: {notification['description']}", "yellow")
        self.say(describe(summary, rows, elapsed_ms))

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do it, and say what went wrong in the shell's words."""
        try:
            work()
        except (StatementFailed, Leave, BrokenPipeError):
            # The last: nobody reads what is printed any more.
            raise
        except CommandError as error:
            self.warn(str(error))
            raise StatementFailed(Exit.WRONG_USE) from None
        except KeyboardInterrupt:
            self._note_end_of_transaction()
            self.warn("cancelled")
            raise StatementFailed(Exit.NO) from None
        except OutcomeUnknown as error:
            self._failed(error)
            self.warn("Whether it was done is not known: look before you repeat it.")
            raise StatementFailed(Exit.UNKNOWN) from None
        except SamyamaError as error:
            self._failed(error)
            if isinstance(error, TransientError):
                self.warn("Nothing was done; the same may succeed when it is run again.")
            raise StatementFailed(Exit.REFUSED) from None
        except (OverflowError, TypeError, ValueError) as error:
            # A parameter that the engine has no type for.
            self.warn(str(error))
            raise StatementFailed(Exit.WRONG_USE) from None
        except ConnectionError as error:
            self._lost(error)
            raise StatementFailed(Exit.UNKNOWN) from None

    def _failed(self, error: SamyamaError) -> None:
        self.warn(error.message)
        self.say(error.code, "red")
        self._note_end_of_transaction()

    def _note_end_of_transaction(self) -> None:
        if self.transaction is not None and self.transaction.closed():
            self.transaction = None
            self.warn("The transaction was rolled back.")

    def _lost(self, error: ConnectionError) -> None:
        self.warn(str(error))
        had_transaction, self.transaction, self._session = self.transaction, None, None
        if had_transaction is not None:
            self.warn("The transaction is rolled back, unless it was being committed.")
        else:
            self.warn("If it was a write, it may have been done: look before you repeat it.")
        if self.connection.reconnect is None:
            return
        try:
            self.connection.reconnect()
        except OSError as again:
            self.warn(f"It could not be connected again: {again}")
        else:
            self.say(f"Connected again: {self.connection.where()}")
