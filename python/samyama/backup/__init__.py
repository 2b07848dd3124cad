"""Backups: everything in a database at one moment, as a file that says itself whether it is whole, and back again.

Logical, not physical: what is kept are nodes, relationships, indexes and constraints, as the database tells them
through one read transaction. So it is taken from a running cluster or an embedded directory alike, and restored into
either, of this or a later version. Not kept: element ids (entities get new ones), the log, procedures of one's own,
and the configuration.
"""

from samyama.backup.export import export_graph
from samyama.backup.file import BackupDamaged, BackupFile, Contents
from samyama.backup.load import NotEmpty, load_graph

__all__ = [
    "BackupDamaged",
    "BackupFile",
    "Contents",
    "NotEmpty",
    "export_graph",
    "load_graph",
]
