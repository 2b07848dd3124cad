"""The ``samyama`` command: one module a command, imported when it is used."""

from samyama.cli.root import main

__all__ = ["main"]
