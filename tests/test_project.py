"""The project's own promises: one home for each fact, imports in one direction, a light package."""

import ast
import graphlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import gan_lessons

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gan_lessons"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared() -> dict[str, Requirement]:
    """All requirements of pyproject.toml, those of the extras too, by canonical name."""
    project = PYPROJECT["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    found = [Requirement(line) for lines in lists for line in lines]
    return {canonicalize_name(r.name): r for r in found if r.name != project["name"]}


def constraints() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_constraints_hold_versions_only():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    for requirement in constraints():
        assert [s.operator for s in requirement.specifier] == ["=="], requirement
        assert not requirement.url


@pytest.mark.parametrize("name", sorted(declared()))
def test_constraints_cover_what_is_declared(name):
    versions = [
        Version(next(iter(r.specifier)).version)
        for r in constraints()
        if canonicalize_name(r.name) == name
    ]
    assert versions, f"{name} is not in constraints.txt: run make constraints"
    for version in versions:
        assert version in declared()[name].specifier


def test_conda_gets_the_same_requirements():
    names = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert conda["channels"] == ["conda-forge"]
    from_pip = next(d["pip"] for d in conda["dependencies"] if isinstance(d, dict))
    lines = [d for d in conda["dependencies"] if isinstance(d, str)] + from_pip
    assert "-e ." in lines
    found = {}
    for line in lines:
        if line not in ("-e .", "pip"):
            requirement = Requirement(line)
            found[names.get(requirement.name, requirement.name)] = requirement.specifier
    assert found.pop("python") == SpecifierSet(PYPROJECT["project"]["requires-python"])
    assert found == {name: r.specifier for name, r in declared().items()}


def test_windows_runs_the_recipes_of_make_test():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^test: setup\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    steps = {step.get("name"): step.get("run") for step in workflow["jobs"]["test"]["steps"]}

    def commands(text: str) -> list[str]:
        lines = text.replace("\\\n", " ").replace("$(RUN)", ".venv/Scripts/python")
        lines = lines.replace("$(wildcard notebooks/*.ipynb)", "notebooks/*.ipynb")
        return [" ".join(line.split()) for line in lines.splitlines() if line.strip()]

    assert recipe is not None
    assert commands(steps["test"]) == commands(recipe[1])


def test_the_version_has_one_home():
    assert PYPROJECT["project"]["dynamic"] == ["version"]
    assert PYPROJECT["tool"]["hatch"]["version"]["path"] == "gan_lessons/__init__.py"
    assert Version(gan_lessons.__version__)


def test_the_changelog_tells_of_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", text, re.MULTILINE)
    assert newest is not None
    assert newest[1] == gan_lessons.__version__


# Each group may import from itself and from those before it.
GROUPS = [
    {"", "checks", "deconv", "matrix", "precision", "sizes", "upsample"},
    {"data", "evidence", "metrics", "plots"},
    {"losses", "models"},
    {"train"},
    {"commands", "__main__"},
    {"exercises"},
    {"widgets"},
]


def imported(name: str, is_package: bool, source: str, *, names: bool = False) -> Iterator[str]:
    """The modules of gan_lessons that a module's source imports, at its top or inside functions.

    names: what is imported from a module stands behind it, as it may be a module too.
    """
    parts = name.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "gan_lessons")
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level + is_package] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            if module == "gan_lessons":
                yield from (f"gan_lessons.{a.name}" for a in node.names)
            elif module.startswith("gan_lessons."):
                yield from (f"{module}.{a.name}" for a in node.names) if names else [module]


def wrong_imports(sources: dict[str, tuple[bool, str]]) -> list[str]:
    """What is wrong with the directions of imports in {module: (is a package, source)}."""
    rank = {top: i for i, group in enumerate(GROUPS) for top in group}
    wrong = []
    graph: dict[str, set[str]] = {}
    for name, (is_package, source) in sources.items():
        own = [*name.split("."), ""][1]
        if own not in rank:
            wrong.append(f"{name} has no place in GROUPS")
            continue
        for target in imported(name, is_package, source):
            other = target.split(".")[1] if "." in target else ""
            if other not in rank:
                other = ""  # a name of gan_lessons itself, such as __version__
            if rank[other] > rank[own]:
                wrong.append(f"{name} imports {target}")
            if other != own:
                graph.setdefault(own, set()).add(other)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        wrong.append(f"a circle of imports: {error.args[1]}")
    return wrong


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def test_imports_point_one_way():
    sources = {
        name: (path.name == "__init__.py", path.read_text(encoding="utf-8"))
        for name, path in MODULES.items()
    }
    assert len(sources) > 5
    assert wrong_imports(sources) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("gan_lessons.deconv", "import gan_lessons.train"),
        ("gan_lessons.deconv", "from gan_lessons.losses import LOSSES"),
        ("gan_lessons.models.mlp", "from gan_lessons import train"),
        ("gan_lessons.models.mlp", "from ..train import Trainer"),
        ("gan_lessons.train.trainer", "def f():\n    from gan_lessons.widgets import TrainingView"),
        ("gan_lessons.train.trainer", "from .. import exercises"),
        ("gan_lessons", "from gan_lessons.deconv import by_matrix\nimport gan_lessons.train"),
        ("gan_lessons.nowhere", ""),
    ],
)
def test_a_wrong_import_is_found(name, source):
    assert len(wrong_imports({name: (name == "gan_lessons", source)})) == 1


def test_a_circle_is_found():
    sources = {
        "gan_lessons.plots": (False, "from gan_lessons.data import to_uint8"),
        "gan_lessons.data": (True, "from gan_lessons.plots import sheet"),
    }
    assert "circle" in wrong_imports(sources)[0]


def circles(sources: dict[str, tuple[bool, str]]) -> list[str]:
    """A circle of imports between modules in {module: (is a package, source)}, if there is one.

    Every import counts, under TYPE_CHECKING and inside functions too.
    """
    graph: dict[str, set[str]] = {}
    for name, (is_package, source) in sources.items():
        for target in imported(name, is_package, source, names=True):
            while target not in sources and "." in target:
                target = target.rpartition(".")[0]  # a name in a module
            if target != name:
                graph.setdefault(name, set()).add(target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [" → ".join(reversed(error.args[1]))]
    return []


def test_no_module_imports_itself_by_a_detour():
    sources = {
        name: (path.name == "__init__.py", path.read_text(encoding="utf-8"))
        for name, path in MODULES.items()
    }
    assert circles(sources) == []


@pytest.mark.parametrize(
    "source",
    [
        "from gan_lessons.train.b import B",
        "from gan_lessons.train import b",
        "from . import b",
        "from .b import B",
        "import gan_lessons.train.b",
        "def f():\n    from gan_lessons.train.b import B",
        "if TYPE_CHECKING:\n    from gan_lessons.train.b import B",
        "from gan_lessons.train import B",  # by way of the package
    ],
)
def test_a_circle_between_modules_is_found(source):
    sources = {
        "gan_lessons.train": (True, "from gan_lessons.train.b import B"),
        "gan_lessons.train.a": (False, source),
        "gan_lessons.train.b": (False, "from gan_lessons.train.a import A"),
    }
    assert len(circles(sources)) == 1
    assert circles({**sources, "gan_lessons.train.a": (False, "import math")}) == []


WITHOUT_JUPYTER = """
import importlib, json, sys

class Absent:
    names = {"IPython", "ipywidgets", "ipykernel", "jupyter", "jupyter_client", "jupyter_core",
             "jupyterlab", "nbformat", "nbclient", "notebook", "traitlets"}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


def test_all_but_widgets_works_without_jupyter_and_loads_no_more_than_it_needs():
    names = [name for name in MODULES if name.split(".")[1:2] != ["widgets"]]
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_JUPYTER, json.dumps(names)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr
    loaded = set(json.loads(run.stdout))
    assert set(names) <= loaded
    assert not {"torchvision", "torchmetrics", "matplotlib.pyplot"} & loaded


def repository_files() -> list[Path]:
    """All files that git holds or would take up."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this folder is no git checkout")
    return [path for name in run.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_is_large():
    sizes = {path: path.stat().st_size for path in repository_files()}
    assert sizes
    assert {path: size for path, size in sizes.items() if size > 2_000_000} == {}


def test_no_module_is_longer_than_a_sitting():
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES.values()
    }
    assert {path: length for path, length in lengths.items() if length > 400} == {}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    headings = {
        path: {
            re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        }
        for path in ROOT.glob("*.md")
    }
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        path = ROOT / (target or name)
        assert path.exists(), link
        assert not anchor or anchor in headings[path], link
