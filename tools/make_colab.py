"""Writes the lessons for Colab into dist/colab, as files that need no other file.

    python tools/make_colab.py [--repo owner/name]

Each file contains the package as a wheel in its set-up cell, and its pictures in the prose. With
--repo, the set-up cell installs from that repository on GitHub instead, at the current commit;
links lead there, and README.md has a badge for each lesson. Needs no network.
"""

import argparse
import base64
import inspect
import lzma
import shutil
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from importlib.metadata import PathDistribution, requires
from pathlib import Path

import nbformat
from colab_links import BRANCH, Web, stand_alone
from colab_setup import set_up_gan_lessons
from hatchling.builders.wheel import WheelBuilder
from nbformat.v4 import new_code_cell, new_markdown_cell
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
COLAB = ROOT / "dist" / "colab"
VERSIONS = ROOT / "tools" / "colab-constraints.txt"

SET_UP = "colab-set-up"  # the id of the cell
TITLE = "# @title Set-up: run this cell first. It installs the package that the lessons use."
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the lessons for Colab into dist/colab.")
    parser.add_argument("--repo", default="", metavar="owner/name", help="a repository on GitHub")
    try:
        repo = parser.parse_args().repo
        web = Web(repo, commit() if repo else "")
        sizes = write(COLAB, web)
    except ValueError as error:
        sys.exit(f"make colab: {error}")
    for name, size in sizes.items():
        print(f"dist/colab/{name:<38} {size / 1e6:.2f} MB")


def write(folder: Path, web: Web, notebooks: Path = NOTEBOOKS) -> dict[str, int]:
    """Writes every lesson into the folder and removes old ones; returns each file's bytes."""
    paths = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        raise ValueError(f"there are no lessons in {notebooks}")
    with tempfile.TemporaryDirectory() as temporary:
        wheel = build_wheel(Path(temporary))
        source = set_up_source(wheel, web)
    lessons = {}
    for path in paths:
        lessons[path.name] = nbformat.read(path, as_version=4)
        try:
            make_lone(lessons[path.name], path, source, web)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.ipynb"), folder / "README.md"]:
        old.unlink(missing_ok=True)
    for name, notebook in lessons.items():
        nbformat.write(notebook, folder / name)
    if web.repo:
        titles = {name: title(notebook) or name for name, notebook in lessons.items()}
        (folder / "README.md").write_text(badges(titles, web), encoding="utf-8")
    return {name: (folder / name).stat().st_size for name in lessons}


def commit() -> str:
    """The current commit, or "" outside of git; prints a warning if the files here differ."""

    def git(*arguments: str) -> str:
        run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return run.stdout.strip() if run.returncode == 0 else ""

    if not shutil.which("git") or not (head := git("rev-parse", "HEAD")):
        return ""
    if git("status", "--porcelain", "--", "gan_lessons", "notebooks", "pyproject.toml"):
        print(f"Commit {head[:9]}, which the set-up installs, lacks changes here.", file=sys.stderr)
    return head


def build_wheel(folder: Path) -> Path:
    """The package's wheel, built with the project's build backend.

    Its files are stored as they are, because xz makes one text of them all: a third smaller.
    """
    (built,) = WheelBuilder(str(ROOT)).build(
        directory=str(folder / "packed"), versions=["standard"]
    )
    wheel = folder / Path(built).name
    with zipfile.ZipFile(built) as packed, zipfile.ZipFile(wheel, "w") as stored:
        for file in packed.infolist():
            content = packed.read(file)
            file.compress_type = zipfile.ZIP_STORED
            stored.writestr(file, content)
    return wheel


def metadata(wheel: Path) -> PathDistribution:
    """A wheel's metadata: its version and requirements."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    # zipfile.Path has all that a distribution needs of a path, but the type stubs disagree.
    return PathDistribution(zipfile.Path(wheel, name.removesuffix("METADATA")))  # type: ignore[arg-type]


def colab_versions() -> dict[str, str]:
    """Colab's versions of the packages that matter here: canonical name → version."""
    lines = VERSIONS.read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def needed(lines: list[str]) -> list[Requirement]:
    """The requirements on this system, with those of the extra `widgets` and of no other."""
    found = [Requirement(line) for line in lines]
    return [r for r in found if r.marker is None or r.marker.evaluate({"extra": "widgets"})]


def lacking(lines: list[str]) -> dict[str, Requirement]:
    """The requirements, direct and indirect, that Colab does not have."""
    colab = colab_versions()
    found: dict[str, Requirement] = {}
    to_do = needed(lines)
    while to_do:
        requirement = to_do.pop()
        name = canonicalize_name(requirement.name)
        if name not in colab and name not in found:
            found[name] = requirement
            to_do += needed(requires(requirement.name) or [])
    return found


def set_up_source(wheel: Path, web: Web) -> str:
    """The source of the set-up cell: the function, and its call with the wheel or the address."""
    about = metadata(wheel)
    sources = {"gan_lessons": web.package() if web.repo else wheel.name}
    for name, requirement in lacking(about.requires or []).items():
        sources[name.replace("-", "_")] = f"{requirement.name}{requirement.specifier}"
    head = f"{TITLE}\n{inspect.getsource(set_up_gan_lessons)}\n\n"
    if web.repo:
        return f"{head}set_up_gan_lessons({about.version!r}, {sources!r})"
    packed = lzma.compress(wheel.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    lines = textwrap.wrap(base64.b85encode(packed).decode("ascii"), 1000)
    text = "\n".join(lines)
    # The comment keeps the wheel out of tracebacks, which show two lines before a call.
    return (
        f'{head}WHEEL = """\n{text}\n"""\n\n'
        f"# The wheel above is the package, gan_lessons {about.version}, xz in base 85.\n"
        f"set_up_gan_lessons({about.version!r}, {sources!r}, WHEEL)"
    )


def make_lone(notebook: nbformat.NotebookNode, path: Path, source: str, web: Web) -> None:
    """Changes a lesson, read from `path`, so that it needs no other file."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = stand_alone(cell.source, path.parent, ROOT, web)
        for output in cell.get("outputs", []):
            # The view belongs to a kernel that has ended. The still picture stays.
            output.get("data", {}).pop(WIDGET_VIEW, None)
    origin = f"installs it from {web.home}" if web.repo else "carries it and installs it"
    about = new_markdown_cell(
        "**In Colab, run the next cell first.** The lesson uses a package, `gan_lessons`. The cell "
        f"{origin}, and changes nothing that Colab comes with. "
        "*Runtime → Restart session and run all* gives a fresh start.",
        id="colab-about",
    )
    hidden = {"cellView": "form", "jupyter": {"source_hidden": True}}  # Colab's way, JupyterLab's
    set_up = new_code_cell(source, id=SET_UP, metadata=hidden)
    after_title = 1 if notebook.cells and notebook.cells[0].cell_type == "markdown" else 0
    notebook.cells[after_title:after_title] = [about, set_up]
    if web.repo:
        notebook.cells.insert(0, new_markdown_cell(badge(path.name, web), id="colab-badge"))
    notebook.metadata.colab = {"provenance": [], "toc_visible": True}
    nbformat.validate(notebook)


def title(notebook: nbformat.NotebookNode) -> str:
    lines = [line for cell in notebook.cells for line in cell.source.splitlines()]
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "")


def badge(name: str, web: Web) -> str:
    return f"[![Open in Colab]({BADGE})]({web.lesson(name)})"


def badges(titles: dict[str, str], web: Web) -> str:
    """The front page of the branch: each lesson with its badge, to copy to other pages too."""
    rows = [f"| {words} | {badge(name, web)} |" for name, words in titles.items()]
    return "\n".join(
        [
            "# The lessons, ready for Colab",
            "",
            f"Made by `make colab` from [{web.repo}]({web.home}), so change nothing here. The "
            f"badges lead to the branch `{BRANCH}`.",
            "",
            "| Lesson | |",
            "|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
