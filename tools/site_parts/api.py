"""The pages of the API reference: one for each module with public names."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import gan_lessons

# Modules that a user of the package has no reason to import: what commands and explorers are made
# of, how answers are examined, and the exercises themselves.
INNER = ("commands", "evidence", "exercises", "widgets")
SHOWN = {  # of those, what is public all the same, beside what their package lists
    "widgets": ("explorer", "flipbook", "kinds", "one_page", "settings"),
    "exercises": ("engine",),
}


def write(folder: Path) -> None:
    """Writes the pages, and their table of contents."""
    folder.mkdir(parents=True)
    names = []
    for module in modules():
        page = page_of(module)
        if page:
            names.append(module.__name__)
            (folder / f"{module.__name__}.md").write_text(page, encoding="utf-8")
    contents = "\n".join(names)
    (folder / "index.md").write_text(
        "# The package\n\nEvery public name of `gan_lessons`, with shapes, ranges, errors and "
        f"sources.\n\n```{{toctree}}\n:maxdepth: 1\n\n{contents}\n```\n",
        encoding="utf-8",
    )


def modules() -> Iterator[ModuleType]:
    """All modules with a page, in the order of their names."""
    for found in sorted(_walk(), key=lambda name: name.split(".")):
        yield importlib.import_module(found)


def _walk() -> Iterator[str]:
    yield gan_lessons.__name__
    for info in pkgutil.walk_packages(gan_lessons.__path__, "gan_lessons."):
        parts = info.name.split(".")[1:]
        if any(part.startswith("_") for part in parts):
            continue
        shown = parts[1:2] and parts[1] in SHOWN.get(parts[0], ())
        if parts[0] in INNER and len(parts) > 1 and not shown and parts[2:] != ["settings"]:
            continue  # but for what explorers are set to
        yield info.name


def public(module: ModuleType) -> list[str]:
    """The names that have their home in a module; of a package of INNER, all that it lists."""
    listed = getattr(module, "__all__", None)
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    ]
    parts = module.__name__.split(".")
    if listed and len(parts) == 2 and parts[1] in INNER:
        elsewhere = {f"gan_lessons.{parts[1]}.{each}" for each in SHOWN.get(parts[1], ())}
        return [n for n in listed if getattr(getattr(module, n), "__module__", "") not in elsewhere]
    return own


def page_of(module: ModuleType) -> str:
    """The page of a module; "" if it says nothing."""
    names = public(module)
    is_package = hasattr(module, "__path__")
    if not names and not is_package:
        return ""
    name = module.__name__
    members = f"   :members: {', '.join(names)}\n" if names else ""
    listed = [each for each in getattr(module, "__all__", []) if each not in names]
    also = f"\nFrom its modules: {', '.join(f'`{each}`' for each in listed)}.\n" if listed else ""
    options = f"{members}   :imported-members:\n   :ignore-module-all:\n   :show-inheritance:\n"
    return (
        f"# {name.removeprefix('gan_lessons.')}\n\n"
        f"```{{eval-rst}}\n.. automodule:: {name}\n{options}```\n{also}"
    )
