"""``samyama demo``: the mission, shown on a real cluster of three processes."""

from samyama.demo.story import tell

__all__ = ["tell"]
