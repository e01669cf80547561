"""The numbers in the prose are those of the cells: each is measured, set or asserted in one.

A number of the prose from 10 on, or with a point in it, must stand in what a cell prints or among
the constants of its code, rounded as the prose rounds it. Where? In a numbered section: in one of
the section's own cells, or anywhere if it has three digits or more, so many that they meet by
chance but seldom. In the rest (opening, table of symptoms, exercises, recap): anywhere.

What a picture shows is no evidence, nor are the words about it: somebody has written those. Numbers
that belong to others (years, sections, issues) or to arithmetic in the text itself are no matter
of this test; the few that are left have a reason each.
"""

import ast
import copy
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from nbformat import NotebookNode

# {lesson: {number as it stands: why no cell has it}}. One that is not needed is an offence as well.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "00": {
        "10,000": "pictures of MNIST's test set; where glyphs take its place there are others",
        "255": "the largest byte",
    },
    "02": {
        "25": "100 / 4",
        "49": "7 × 7",
        "27": "a wrong size: one less than 28",
    },
    "03": {
        "25": "the text's own arithmetic, which ends in the 0.484 that a cell asserts",
        "16": "the same; in section 10, the products of section 7",
        "81": "the same",
        "13": "16 weights less 3 conditions",
        "36": "the products of section 7",
    },
    "04": {
        "22,026": "e to the 10th: a cell asserts the formula",
        "98.9": "1 - e^(-9/2), in percent",
    },
    "06": {
        "1,500": "steps of the picture in docs, made beside the lesson",
        "0.02": "the paper's spread of the first weights, which the package takes",
    },
}

NUMBER = re.compile(
    r"(?<![\w.,^])((?:\d{1,3}(?:(?:,|\{,\})\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE]([-+]?\d+))?(?![\w])"
)
# What formulas give that stand in many lessons: the loss of who knows nothing, and its kin.
OF_FORMULAS = {math.log(2), math.log(4), math.log(1 + math.exp(-1)), math.sqrt(3)}
PERCENT = re.compile(r"\s?(?:\\,)?\\?%|\spercent")
NOT_OURS = [
    r"```.*?```|`[^`\n]*`",  # code
    r"\]\([^)\s]*\)|https?://\S+|<[^>]*>",  # addresses
    r"^#+ \d+[.·]? ",  # the number of a section
    r"^\| \d\d \|",  # of a lesson on the map
    r"\*\*\d\d\.\d+\*\* · \d+ minutes?",  # of an exercise, and what it takes
    r"\*\*Time\*\* .*$",  # for people and for machines with two cores
    r"\b(?:[Ll]essons?|[Ee]xercises?|[Ss]ections?|[Ff]igures?|[Tt]ables?|[Ii]ssues?|[Aa]ppendix"
    r"|[Ee]quations?|[Cc]hapters?|[Aa]lgorithm|[Pp]roposition|[Tt]heorem)"
    r"(?: (?:[A-Z]\.)?\[?\d[\d.]*\]?(?:,| and| to| or|:)?)+",
    r"\(\d\.\d(?:\.\d)?(?:, \d\.\d(?:\.\d)?)*\)",  # sections of the article, in brackets
    r"\barXiv \d{4}\.\d+",
    r"\b(?:1[89]|20)\d\d\b",  # years
    r"\b(?:180|90|360)°",  # turns
    r"\b10\^\{?-?\d+\}?",  # powers of ten: orders of magnitude, and constants of a formula
    r"\b(?:16|32|64) bits?\b|\b(?:16|32|64)-bit\b",  # kinds of numbers
]


class Told(NamedTuple):
    """A number of the prose."""

    text: str
    section: str  # its number, or "" where there is none
    percent: bool
    around: str

    @property
    def value(self) -> float:
        return float(re.sub(r"[{},]", "", self.text))

    @property
    def half_a_digit(self) -> float:
        """How far what is measured may lie from what is told: rounding, and nothing more."""
        mantissa = re.sub(r"[{},]", "", self.text).lower()
        digits, _, power = mantissa.partition("e")
        places = len(digits.partition(".")[2])
        return 0.5 * 10.0 ** (int(power or 0) - places) * (1 + 1e-9)

    @property
    def digits(self) -> int:
        return len(re.sub(r"\D", "", self.text.lower().partition("e")[0]).lstrip("0"))


def sections_of(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode, str]]:
    """(number of the section, cell, text) for all cells; prose is cut where a section begins."""
    section = ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield section, cell, cell.source
            continue
        for part in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
            if part.startswith("## "):
                found = re.match(r"## (\d+)\. ", part)
                section = found[1] if found else ""
            yield section, cell, part


def told_in(notebook: NotebookNode) -> Iterator[Told]:
    """All numbers of the prose that are held against the cells."""
    for section, cell, text in sections_of(notebook):
        if cell.cell_type != "markdown" or text.startswith("## References"):
            continue
        for theirs in NOT_OURS:
            text = re.sub(
                theirs, " ", text, flags=re.MULTILINE | re.DOTALL if "```" in theirs else re.M
            )
        for found in NUMBER.finditer(text):
            after = text[found.end() : found.end() + 10]
            around = " ".join(text[max(0, found.start() - 40) : found.end() + 20].split())
            told = Told(found[0], section, bool(PERCENT.match(after)), around)
            if "." in told.text or told.value >= 10:
                yield told


def said_by(cell: NotebookNode) -> set[float]:
    """The constants of a cell's code, and the numbers that it prints, without their signs."""
    found = set()
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.add(abs(float(node.value)))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range":
            ends = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
            found |= {float(ends[-1] - 1)} if ends else set()  # the last of the range
    for output in cell.outputs:
        data = output.get("data", {})
        if not any(kind.startswith("image/") for kind in data):
            text = output.get("text", "") + data.get("text/plain", "")
            found |= {Told(each[0], "", False, "").value for each in NUMBER.finditer(text)}
    return found


def is_said(told: Told, said: set[float]) -> bool:
    near = any(abs(value - told.value) <= told.half_a_digit for value in said)
    return near or (
        told.percent and any(abs(100 * value - told.value) <= told.half_a_digit for value in said)
    )


def evidence(notebook: NotebookNode) -> tuple[dict[str, set[float]], set[float]]:
    """What the cells say, by section, and all together."""
    by_section: dict[str, set[float]] = {}
    for section, cell, _ in sections_of(notebook):
        if cell.cell_type == "code":
            by_section.setdefault(section, set()).update(said_by(cell))
    return by_section, set().union(*by_section.values())


def is_held(told: Told, by_section: dict[str, set[float]], everywhere: set[float]) -> bool:
    if "." in told.text and told.digits >= 2 and is_said(told, OF_FORMULAS):
        return True
    far = not told.section or told.digits >= 3
    return is_said(told, everywhere if far else by_section.get(told.section, set()))


def untied(name: str, notebook: NotebookNode) -> Iterator[str]:
    """Numbers of the prose that no cell says, and exceptions that are none."""
    by_section, everywhere = evidence(notebook)
    allowed = dict(EXCEPTIONS.get(name[:2], {}))
    used = set()
    for told in told_in(notebook):
        if not is_held(told, by_section, everywhere):
            used.add(told.text)
            if told.text not in allowed:
                where = f"section {told.section}" if told.section else "a part without a number"
                yield f"{told.text} in {where} is in no cell: … {told.around} …"
    for text in allowed.keys() - used:
        yield f"the exception {text} is not needed"


def test_every_number_of_the_prose_is_in_a_cell(none_of):
    none_of(untied)


def changed(told: Told) -> list[str]:
    """The number with another last digit: what a slip, or an old measurement, looks like."""
    digits, mark, power = told.text.partition("e")
    return [
        digits[:-1] + str((int(digits[-1]) + by) % 10) + mark + power for by in (1, 2, 3, 7, 8, 9)
    ]


def test_a_number_that_has_changed_is_noticed(notebooks):
    """Every number is changed in its last digit, one at a time: how many of these are noticed?"""
    noticed = {"three digits or more": [0, 0], "fewer": [0, 0]}
    for notebook in notebooks.values():
        by_section, everywhere = evidence(notebook)
        for told in told_in(notebook):
            if is_held(told, by_section, everywhere):
                count = noticed["three digits or more" if told.digits >= 3 else "fewer"]
                for text in changed(told):
                    count[0] += not is_held(told._replace(text=text), by_section, everywhere)
                    count[1] += 1
    print(noticed)
    shares = {kind: seen / of for kind, (seen, of) in noticed.items()}
    assert shares["three digits or more"] > 0.9, noticed
    assert shares["fewer"] > 0.5, noticed


MUTATIONS = [
    ("03_optimising_deconvolution", "= 0.484", "= 0.485"),
    ("03_optimising_deconvolution", "= 1.73$", "= 1.83$"),
    ("04_the_gan_game", "22,026 times", "22,027 times"),
    ("04_the_gan_game", "Here is the first 1.386", "Here is the first 1.384"),
    ("01_deconvolution_formula", "3, 1 and 7: neither", "3, 1 and 17: neither"),
]


@pytest.mark.parametrize(("name", "before", "after"), MUTATIONS)
def test_a_planted_slip_is_found(notebooks, name, before, after):
    spoiled = copy.deepcopy(notebooks[name])
    sound = set(untied(name, spoiled))
    cell = next(c for c in spoiled.cells if c.cell_type == "markdown" and before in c.source)
    cell.source = cell.source.replace(before, after)
    found = set(untied(name, spoiled)) - sound
    slip = max(re.findall(r"\d[\d.,]*\d", after), key=len)
    assert any(each.startswith(f"{slip} in section") for each in found), found


def test_a_measurement_that_has_changed_is_found(notebooks):
    """The other way round: the prose stays, and a cell prints something else."""
    spoiled = copy.deepcopy(notebooks["04_the_gan_game"])
    sound = set(untied("04", spoiled))
    for cell in spoiled.cells:
        for output in cell.get("outputs", []):
            if "1.006" in output.get("text", ""):
                output.text = output.text.replace("1.006", "1.016")
    found = set(untied("04", spoiled)) - sound
    assert found
    assert all(each.startswith("1.006") for each in found)


@pytest.mark.parametrize(
    ("text", "said", "held"),
    [
        ("0.48", 0.484, True),
        ("0.48", 0.4851, False),
        ("0.484", 0.48, False),
        ("22,026", 22026.46, True),
        ("1{,}386", 1386.0, True),
        ("2e-4", 2e-4, True),
        ("2e-4", 3e-4, False),
        (".5", 0.5, True),
    ],
)
def test_rounding(text, said, held):
    assert is_said(Told(text, "", False, ""), {said}) == held


def test_shares_may_be_told_in_percent():
    assert is_said(Told("98.9", "", True, ""), {0.98889})
    assert not is_said(Told("98.9", "", False, ""), {0.98889})
