"""Where commands go that are told nothing: to this machine, or where the environment says."""

from __future__ import annotations

import os

__all__ = ["HTTP_DEFAULT", "HTTP_VARIABLE", "URI_DEFAULT", "URI_VARIABLE", "is_by_default"]

URI_DEFAULT = "bolt://127.0.0.1:7687"
HTTP_DEFAULT = "127.0.0.1:7474"

#: A Bolt URI, for ``shell``, ``backup`` and ``dump``.
URI_VARIABLE = "SAMYAMA_URI"
#: HTTP addresses with blanks between them, for ``cluster``.
HTTP_VARIABLE = "SAMYAMA_HTTP"


def is_by_default(uri: str) -> bool:
    """Whether the user has not typed it: a directory that was typed then wins."""
    return uri == os.environ.get(URI_VARIABLE)
