import json
import re

import pytest
import torch

from gan_lessons.widgets import DeconvExplorer, DiracExplorer, GanLab
from gan_lessons.widgets.flipbook import first, flipbook, packed, save, unpacked

SMALL = {"layers_g": 1, "units_g": 4, "layers_d": 1, "units_d": 4, "batch": 8}


def test_each_page_is_the_explorer_at_its_values():
    shown = DeconvExplorer(size=4, kernel=3, stride=2)
    book = flipbook(shown, {"kernel": [2, 3, 4], "stride": [1, 2, 3]})
    assert len(book["pages"]) == 9
    assert first(book) == 4
    assert [c["texts"] for c in book["controls"]] == [["2", "3", "4"], ["1", "2", "3"]]
    assert book["pages"][4] == shown.framed(shown.page(shown.settings))
    other = DeconvExplorer(size=4, kernel=4, stride=1)
    assert book["pages"][6] == other.framed(other.page(other.settings))
    assert book["words"] == shown.alt_text
    assert json.loads(json.dumps(book)) == book


def test_a_saved_book_is_short_and_whole(tmp_path):
    shown = DeconvExplorer(size=4, kernel=3, stride=2)
    book = flipbook(shown, {"kernel": [2, 3], "stride": [1, 2]})
    assert save(tmp_path / "a.json", shown, {"kernel": [2, 3], "stride": [1, 2]}) is None
    read = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert read | {"pages": unpacked(read["pages"])} == book
    assert len(read["pages"]) < sum(map(len, book["pages"])) / 5
    assert unpacked(packed(["ä", ""])) == ["ä", ""]


def test_what_else_the_notebook_can_set_is_named():
    book = flipbook(DeconvExplorer(size=4), {"kernel": [3], "stride": [2]})
    assert "padding p" in book["more"]
    assert "kernel k" not in book["more"]


def test_values_are_shown_as_the_controls_show_them():
    book = flipbook(DiracExplorer(), {"penalty": None})
    assert book["controls"][0]["texts"] == ["none", "R1", "R2", "R1 + R2", "WGAN-GP"]
    book = flipbook(DiracExplorer(), {"gamma": [0.0, 0.3]})
    assert book["controls"][0]["texts"] == ["0", "0.3"]
    assert first(book) == 1


def test_a_lab_is_turned_by_its_saved_turns():
    lab = GanLab(**SMALL, turns=20)
    book = flipbook(lab, {"turn": None})
    assert book["controls"][0]["texts"] == ["0", "10", "20"]
    assert first(book) == 0


def test_random_numbers_are_taken_back():
    lab = GanLab(**SMALL, turns=5)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    flipbook(lab, {"seed": [lab.settings.seed, 7]})
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("controls", "words"),
    [
        ({}, "1 to 4 settings, got ()"),
        (
            {each: [1] for each in ("kernel", "stride", "padding", "dilation", "bias")},
            "1 to 4 settings",
        ),
        ({"kernel": [2, 4]}, "kernel: 3, where it stands, is not among [2, 4]"),
        ({"kernel": [3, 3]}, "come twice"),
        ({"kernel": None, "stride": [1, 2]}, "all controls, or of none"),
        ({"colour": [1]}, "unknown setting 'colour'"),
    ],
)
def test_wrong_controls(controls, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        flipbook(DeconvExplorer(size=4, kernel=3, stride=2), controls)


def test_controls_must_be_a_mapping():
    with pytest.raises(ValueError, match="controls must be a Mapping"):
        flipbook(DeconvExplorer(), ["kernel"])
