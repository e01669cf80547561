import json

import pytest
import torch
from PIL import Image

from gan_lessons import metrics
from gan_lessons.commands.main import main
from gan_lessons.metrics.evaluation import nearest
from gan_lessons.train import Trainer, diagnose


def stored(images, folder):
    """The pictures as files, with a folder for each class."""
    for i, pixels in enumerate(images.pixels[:, 0]):
        own = folder / str(int(images.labels[i]))
        own.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.numpy()).save(own / f"{i}.png")


def test_a_table_with_a_yardstick_for_each_number(plain, here, capsys):
    assert main(["evaluate", plain, "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    for name in ("Fréchet distance", "precision", "recall", "classes found", "KL", "copies"):
        assert name in printed
    assert "90 generated pictures, as many real ones of mnist" in printed
    assert "shown as asked" not in printed
    assert "note" not in printed


def test_json_is_all_that_is_printed(conditional, here, capsys):
    assert main(["evaluate", conditional, "--count", "40", "--json", "--device", "cpu"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["count"] == 40
    assert (found["step"], found["data"], found["averaged"]) == (20, "mnist", True)
    measures = found["measures"]
    keys = ["distance", "precision", "recall", "classes", "reverse_kl", "asked", "copies"]
    assert list(measures) == keys
    assert measures["distance"]["generated"] > 2 * measures["distance"]["real"] > 0
    assert measures["asked"]["real"] > 0.9
    assert found["notes"] == []


def test_a_folder_with_unseen_pictures_beside_it(conditional, here, capsys, bars):
    stored(bars(120, 0), here / "seen")
    stored(bars(60, 2), here / "unseen")
    given = ["--data", "folder:seen", "--unseen", "folder:unseen", "--device", "cpu"]
    assert main(["evaluate", conditional, *given]) == 0
    printed = capsys.readouterr().out
    assert "60 generated pictures, as many real ones of seen" in printed
    # The files are in another order than the pictures of the training.
    assert "note: these are not the pictures that the run was trained on" in printed
    assert main(["evaluate", conditional, *given[:2], "--device", "cpu"]) == 0
    assert "half of the training pictures stand in" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["evaluate", "diagnose"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--data", "minst"], "did you mean 'mnist'?"),
        (["--data", "folder:nowhere"], "nowhere does not exist: pass a folder of pictures"),
        (["--data", "folder:colour"], "has pictures of 3×16×16, the run makes 1×16×16"),
    ],
)
def test_wrong_data_is_one_line(command, given, message, plain, here, capsys):
    (here / "colour").mkdir()
    Image.new("RGB", (20, 20), "red").save(here / "colour" / "a.png")
    assert main([command, plain, *given]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--count", "3"], "--count must be a whole number of at least 10, got 3"),
        (["--unseen", "folder:few"], "at least 10 pictures of each kind are needed"),
        (["--seed", "-1"], "seed must be a whole number"),
    ],
)
def test_bad_input_is_one_line(given, message, plain, here, capsys):
    (here / "few").mkdir()
    Image.new("L", (20, 20), 40).save(here / "few" / "a.png")
    assert main(["evaluate", plain, *given]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


def test_a_run_on_a_folder_must_be_told_where_it_is(plain, here, monkeypatch, capsys):
    monkeypatch.setattr("gan_lessons.data.NAMES", ("glyphs",))
    for command in ("evaluate", "diagnose"):
        assert main([command, plain]) == 1
        expected = "the run was trained on 'mnist': say where that is with --data folder:PATH"
        assert expected in capsys.readouterr().err


def test_diagnose_says_what_the_function_finds(plain, here, capsys, bars):
    assert main(["diagnose", plain, "--device", "cpu"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.endswith("step 20, modern on mnist")
    found = diagnose(Trainer.resume(plain, bars(120, 0), device="cpu"))
    assert [line.removeprefix("- ") for line in lines] == [str(each) for each in found] or (
        not found and "nothing wrong was found" in lines[0]
    )


def test_diagnose_needs_the_same_pictures(plain, here, capsys, bars):
    stored(bars(50, 3), here / "others")
    assert main(["diagnose", plain, "--data", "folder:others", "--device", "cpu"]) == 1
    printed = capsys.readouterr().err
    assert "was trained on 'mnist'" in printed
    assert printed.count("\n") == 1


# The function


@pytest.fixture
def sets(here, bars):
    return bars(150, 0), bars(150, 1), bars(150, 2)


def test_real_pictures_reach_the_yardstick(sets):
    images, unseen, others = sets
    found = metrics.evaluate(others.pixels, images, unseen, others.labels)
    for key in ("precision", "recall", "asked"):
        assert abs(found[key].generated - found[key].real) < 0.15
    assert found["distance"].generated < 3 * found["distance"].real
    assert (found["classes"].generated, found["classes"].whole) == (3, 3)
    assert found["reverse_kl"].generated < 0.02
    assert found["copies"].generated < 0.1
    assert found["copies"].real == pytest.approx(0.01, abs=0.01)


@pytest.mark.parametrize("given", [True, False])
def test_copies_are_found(sets, given):
    images, unseen, others = sets
    mixed = torch.cat([images.pixels[:60], others.pixels[:60]])
    mixed = mixed[torch.randperm(120, generator=torch.Generator().manual_seed(0))]
    unseen = unseen if given else None
    found = metrics.evaluate(mixed, images, unseen)["copies"]
    assert 0.45 < found.generated < 0.65
    assert found.real == pytest.approx(0.01, abs=0.01)


def test_one_class_only_is_seen(sets):
    images, unseen, others = sets
    cats = others.take(others.labels == 0)
    labels = torch.arange(50) % 3
    found = metrics.evaluate(cats.pixels, images, unseen, labels)
    assert found["recall"].generated < found["recall"].real - 0.3
    assert found["reverse_kl"].generated > 0.8
    assert found["classes"].generated < 3
    assert 0.25 < found["asked"].generated < 0.45


def test_pictures_that_occur_twice_leave_no_border(sets):
    images, _, others = sets
    twice = images.take(torch.arange(150).repeat(2))
    found = metrics.evaluate(others.pixels, twice)
    assert "copies" not in found.measures
    assert "occur twice" in found.notes[-1]
    assert "note: copies were not measured" in str(found)


def test_pictures_without_labels_have_no_classes(sets):
    images, unseen, others = sets
    bare = type(images)(images.pixels, None, (), "bare")
    found = metrics.evaluate(others.pixels, bare, unseen)
    assert list(found.measures) == ["distance", "precision", "recall", "copies"]


@pytest.mark.parametrize(
    "labels", [torch.zeros(3).long(), torch.zeros(150), torch.full((150,), 3), [0] * 150]
)
def test_wrong_labels(sets, labels):
    images, unseen, others = sets
    with pytest.raises(ValueError, match="labels must be"):
        metrics.evaluate(others.pixels, images, unseen, labels)


def test_nearest_is_the_least_distance():
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(30, 5, generator=rng) + 50, torch.randn(40, 5, generator=rng) + 50
    wanted = torch.cdist(a.double(), b.double()).min(1).values.float()
    assert torch.allclose(nearest(a, b), wanted, atol=1e-4)
    own = torch.cdist(b.double(), b.double()).fill_diagonal_(torch.inf).min(1).values.float()
    assert torch.allclose(nearest(b, b, besides_itself=True), own, atol=1e-4)
