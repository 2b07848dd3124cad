"""The interactive shell, without the command line around it: ``samyama shell``."""

from samyama.shell.connection import Connection, connect_embedded, connect_remote
from samyama.shell.shell import Shell, StatementFailed

__all__ = ["Connection", "Shell", "StatementFailed", "connect_embedded", "connect_remote"]
