"""Generated pages are what their sources say, and what is public is what the pages list."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "reference_pages", ROOT / "tools/reference_pages.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference_pages = _load()
PAGES = reference_pages.pages()


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_what_its_source_says(path: str, update: bool) -> None:
    text = PAGES[path]()
    if update:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")
    assert (ROOT / path).exists(), "run: python tools/reference_pages.py"
    assert (ROOT / path).read_text("utf-8") == text, "run: python tools/reference_pages.py"


@pytest.mark.parametrize("name", reference_pages.PUBLIC_MODULES)
def test_all_lists_what_is_public(name: str) -> None:
    module = importlib.import_module(name)
    assert sorted(module.__all__, key=lambda n: (n[0] == "_", n.lower())) == sorted(
        set(module.__all__), key=lambda n: (n[0] == "_", n.lower())
    ), "a name stands twice"
    for member in module.__all__:
        value = getattr(module, member)
        assert member.startswith("__") or value.__doc__, f"{name}.{member} has no docstring"
    defined = {
        member
        for member, value in vars(module).items()
        if not member.startswith("_")
        and getattr(value, "__module__", "").startswith("samyama")
        and callable(value)
    }
    assert defined <= set(module.__all__), "a name can be imported and is not in __all__"


def test_every_public_method_says_what_it_does() -> None:
    """Plain attributes of counters say it by their names."""
    silent = []
    for name in reference_pages.PUBLIC_MODULES:
        module = importlib.import_module(name)
        for member in module.__all__:
            value = getattr(module, member)
            if isinstance(value, type) and value.__module__.startswith("samyama"):
                silent += [
                    f"{member}.{attribute}"
                    for attribute, inner in vars(value).items()
                    if not attribute.startswith("_")
                    and callable(inner)
                    # What overrides may leave it to what it overrides.
                    and not (inspect.getdoc(getattr(value, attribute)) or "").strip()
                ]
    assert not silent, silent
