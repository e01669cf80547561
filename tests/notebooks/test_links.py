"""Links between lessons, to headings, sections and exercises, and names of the package's code.

A link that the file does not hold together is an offence; the network is not asked.
"""

import ast
import builtins
import copy
import importlib
import inspect
import keyword
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import nbformat
import pytest
import torch
from nbformat import NotebookNode

import gan_lessons

pytest.importorskip("ipywidgets")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
LAST_LESSON = 12  # of the map; the later ones are told of before they are there
# Files that belong to others, as (lesson, path): what is said of them was looked up there.
OTHERS_FILES = {("02", "keras/src/backend/common/backend_utils.py")}
# Names in the article's program, as (lesson, name).
OTHERS_NAMES = {("05", "g_output")}
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
SOURCE = re.compile(r"<[^>]*\b(?:src|href)=[\"']([^\"']+)[\"']")
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
PATH = re.compile(r"[\w.-]+(?:/[\w.*-]+)+\.\w+")
NAMES_OF_TORCH = {
    "torch": torch,
    "nn": torch.nn,
    "F": torch.nn.functional,
    "autograd": torch.autograd,
}


def prose(notebook: NotebookNode) -> str:
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.sub(r"```.*?```", " ", text, flags=re.DOTALL)


def code(notebook: NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def headings(notebook: NotebookNode) -> list[str]:
    return re.findall(r"^#+ (.+)$", prose(notebook), re.MULTILINE)


def sections(notebook: NotebookNode) -> set[str]:
    return set(re.findall(r"^## (\d+)\. ", prose(notebook), re.MULTILINE))


def anchors(path: Path) -> set[str]:
    """What a link may name in a file: JupyterLab's anchors of a notebook, GitHub's of a text."""
    if path.suffix == ".ipynb":
        return {each.replace(" ", "-") for each in headings(nbformat.read(path, as_version=4))}
    if path.suffix == ".md":
        told = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in told}
    return set()


def dead_links(name: str, notebook: NotebookNode) -> Iterator[str]:
    text = prose(notebook)
    for link in LINK.findall(text) + SOURCE.findall(text):
        target, _, anchor = link.partition("#")
        if re.match(r"https://[\w.-]+\.\w+(/|$)", link):
            continue
        if re.match(r"\w+:", link):
            yield f"neither a file of the project nor a safe address: {link}"
            continue
        path = NOTEBOOKS / (target or f"{name}.ipynb")
        if not path.is_file():
            yield f"a link leads nowhere: {link}"
        elif anchor:
            known = anchors(path) if target else {h.replace(" ", "-") for h in headings(notebook)}
            if anchor not in known:
                yield f"there is no heading for {link}"


def dead_references(name: str, notebook: NotebookNode, others: Mapping[str, NotebookNode]):
    """Lessons, sections and exercises that the prose names and that are not there."""
    text = prose(notebook)
    by_number = {other[:2]: each for other, each in others.items()} | {name[:2]: notebook}
    for number in re.findall(r"[Ll]essons? (\d\d)\b", text):
        if int(number) > LAST_LESSON:
            yield f"there is no lesson {number}"
    # A section of a paper has a point in its number, or a number that is no higher than ours.
    for number in re.findall(
        r"\bsection (\d+)\b(?!\.\d)", re.sub(r"[Ll]esson \d\d,? section", "", text)
    ):
        if sections(notebook) and number not in sections(notebook):
            yield f"there is no section {number}"
    for lesson, number in re.findall(r"[Ll]esson (\d\d),? section (\d+)\b", text):
        if lesson in by_number and number not in sections(by_number[lesson]):
            yield f"lesson {lesson} has no section {number}"
    for exercise in re.findall(r'(?:[Ee]xercise |hint\("|solution\(")(\d\d\.\d+)', text):
        lesson = by_number.get(exercise[:2])
        if lesson is None or f'check("{exercise}"' not in code(lesson):
            yield f"there is no exercise {exercise}"


@cache
def names_of_the_package() -> frozenset[str]:
    """Every name that the package gives to something: modules, classes, functions, their parts."""
    found = {"gan_lessons"}
    for module in pkgutil.walk_packages(gan_lessons.__path__, "gan_lessons."):
        if module.name.endswith("__main__"):
            continue
        found |= set(module.name.split("."))
        for name, value in vars(importlib.import_module(module.name)).items():
            found.add(name)
            if inspect.isclass(value) and value.__module__.startswith("gan_lessons"):
                found |= set(vars(value)) | set(getattr(value, "__dataclass_fields__", ()))
            if isinstance(value, dict):  # a registry: what it holds is named by its keys
                found |= {key for key in value if isinstance(key, str)}
    return frozenset(found)


def resolves(dotted: str) -> bool:
    """Whether a dotted name that begins in the package or in torch leads to something."""
    first, *rest = dotted.split(".")
    if first in NAMES_OF_TORCH:
        value = NAMES_OF_TORCH[first]
    else:
        value = importlib.import_module("gan_lessons")
        rest = dotted.removeprefix("gan_lessons.").split(".")
    for part in rest:
        if not hasattr(value, part) and inspect.ismodule(value):
            try:
                importlib.import_module(f"{value.__name__}.{part}")
            except ImportError:
                return False
        if not hasattr(value, part):
            return False
        value = getattr(value, part)
    return True


def unknown_code(name: str, notebook: NotebookNode) -> Iterator[str]:
    """Files and names in backticks that are neither in the lesson's code nor in the package."""
    modules = {module.name for module in pkgutil.iter_modules(gan_lessons.__path__)}
    known = set(re.findall(r"\w+", code(notebook))) | names_of_the_package()
    known |= set(dir(builtins)) | set(keyword.kwlist) | set(dir(torch.nn)) | set(dir(torch.Tensor))
    known |= {"inf", "NaN", "cpu", "cuda", "mps", "ruff"}  # torch's words, and a tool's name
    known |= {word for lesson, word in OTHERS_NAMES if lesson == name[:2]}
    strategies = names_of_the_package()
    for span in sorted(set(SPAN.findall(prose(notebook)))):
        if PATH.fullmatch(span):
            if (name[:2], span) not in OTHERS_FILES and not any(ROOT.glob(span)):
                yield f"there is no file `{span}`"
            continue
        if span in strategies or span in code(notebook):
            continue
        try:
            tree = ast.parse(span, mode="eval")
        except SyntaxError:
            tree = None
        if tree is None and not re.fullmatch(r"[\w.]+=\S+", span):
            if re.fullmatch(r"[\w-]+", span):
                yield f"`{span}` names nothing in the lesson or in the package"
            continue  # a message or a command: words
        for dotted in re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?![\w\"'])", span):
            parts = dotted.split(".")
            rooted = parts[0] in modules | {"gan_lessons"} | set(NAMES_OF_TORCH) and len(parts) > 1
            if not (resolves(dotted) if rooted else set(parts) <= known):
                yield f"`{span}`: {dotted} is neither in the lesson's code nor in the package"


def test_links_lead_somewhere(none_of):
    none_of(dead_links)


def test_lessons_sections_and_exercises_are_there(none_of, notebooks):
    none_of(lambda name, notebook: dead_references(name, notebook, notebooks))


def test_code_in_the_prose_is_there(none_of):
    none_of(unknown_code)


DEFECTS = {
    "[a](07_nowhere.ipynb)": dead_links,
    "[a](../gan_lessons/nowhere.py)": dead_links,
    "[a](02_kernels_strides_sizes.ipynb#2.-Nothing)": dead_links,
    "[a](#Nowhere)": dead_links,
    "[a](../README.md#nowhere)": dead_links,
    "[a](http://example.com/a)": dead_links,
    '<img src="../docs/nowhere.png" alt="a">': dead_links,
    "see lesson 17": dead_references,
    "see section 19": dead_references,
    "see lesson 02, section 31": dead_references,
    "see exercise 01.9": dead_references,
    'then `solution("02.8")`': dead_references,
    "`models.dcgan.map_size`": unknown_code,
    "`gan_lessons.deconv.by_magic`": unknown_code,
    "`gan_lessons/train/configuration.py`": unknown_code,
    "`nn.ConvTransposed2d`": unknown_code,
    "`TrainerOfAll`": unknown_code,
    "`deconv9-equal`": unknown_code,
    "`outputpadding=1`": unknown_code,
    "`explorer.statement`": unknown_code,
}
FINE = (
    "[a](02_kernels_strides_sizes.ipynb#2.-Dilation) [b](#2.-The-formula-that-started-this-course) "
    "[c](https://example.com/a) lesson 02, section 2; exercise 01.2; `models.dcgan.map_sizes` "
    "`gan_lessons/train/config.py` `deconv4-equal` `output_padding=1` `nn.Module`"
)


@pytest.mark.parametrize("words", DEFECTS)
def test_what_is_not_there_is_found(notebooks, words):
    name = "01_deconvolution_formula"
    check = DEFECTS[words]
    more = (notebooks,) if check is dead_references else ()
    spoiled = copy.deepcopy(notebooks[name])
    last = next(cell for cell in reversed(spoiled.cells) if cell.cell_type == "markdown")
    last.source += f"\n\n{FINE}"
    before = list(check(name, spoiled, *more))
    assert before == []
    last.source += f" {words}"
    assert len(list(check(name, spoiled, *more))) == 1
