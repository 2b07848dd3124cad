"""Results in the shapes of other libraries: pandas, Arrow, networkx, HTML. Each is imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["require"]


def require(module: str, extra: str) -> Any:
    """Import an optional library.

    Raises: ImportError: it is not installed; the message says how to get it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"this needs {module}, which is not installed: pip install 'samyama[{extra}]'"
        ) from error
