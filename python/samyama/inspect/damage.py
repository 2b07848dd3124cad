"""What is wrong, and where."""

from __future__ import annotations

from pathlib import Path

__all__ = ["Damage"]


class Damage(Exception):
    """A file is not what its format says.

    Attributes: file, offset (bytes from its beginning), what.
    """

    def __init__(self, file: Path | str, offset: int, what: str) -> None:
        super().__init__(f"{file}, offset {offset}: {what}")
        self.file, self.offset, self.what = Path(file), offset, what

    def __reduce__(self) -> tuple[type[Damage], tuple[Path, int, str]]:
        return type(self), (self.file, self.offset, self.what)
