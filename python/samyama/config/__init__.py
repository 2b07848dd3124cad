"""Configuration: defaults < ``samyama.toml`` < ``SAMYAMA_SECTION__KEY`` < flags; every value knows its origin."""

from samyama.config.load import ConfigError, Loaded, load
from samyama.config.schema import Member, Settings

__all__ = ["ConfigError", "Loaded", "Member", "Settings", "load"]
