import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("ipywidgets")

from gan_lessons.data import Images
from gan_lessons.data.images import to_uint8
from gan_lessons.train import Finding, History, TrainConfig, Trainer, networks
from gan_lessons.train.film import Scene
from gan_lessons.train.view import Progress
from gan_lessons.widgets import TrainingView, live
from gan_lessons.widgets.training_view import page, snapshot, still
from gan_lessons.widgets.training_view import view as view_module


class FakeJudge:
    """Stands for a Judge where only the showing is tested: it is asked for, and costs nothing."""

    count, floor = 20, 3.0

    def __init__(self):
        self.asked = 0

    def __call__(self, pictures):
        assert len(pictures) == self.count
        self.asked += 1
        return 100.0 / self.asked


@pytest.fixture
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr(live, "display", lambda data, **how: calls.append((data, how)))
    return calls


@pytest.fixture
def trainer():
    pixels = torch.randint(256, (60, 1, 16, 16), dtype=torch.uint8)
    images = Images(pixels, name="noise")
    config = TrainConfig(width=8, latent=6, batch=16, ema_half_life=500.0)
    return Trainer(*networks(config, images), images, config, "cpu")


def text(html: str) -> str:
    words = []
    parser = HTMLParser()
    parser.handle_data = words.append
    parser.feed(html)
    return " ".join(words)


def html_of(moment) -> str:
    parts = page.bar_html, page.sheet_html, page.numbers_html, page.findings_html
    return "".join(part(moment) for part in parts)


def page_of(view) -> str:
    return "".join(part.value for part in (view.bar, view.sheet, view.numbers, view.found))


def test_a_live_view_and_a_still_picture_that_is_replaced(trainer, shown):
    view = TrainingView(FakeJudge())
    trainer.fit(30, view)
    (opened, _), (switch, _), (first, how_first), (last, how_last) = shown
    assert opened[live.WIDGET_VIEW]["model_id"] == view.widget.model_id
    assert live.LIVE in view.widget._dom_classes
    assert set(switch) == {"text/html"}
    assert how_first["display_id"] == how_last["display_id"]
    assert how_last["update"]
    for data, how in ((first, how_first), (last, how_last)):
        assert set(data) == {"image/png", "text/plain"}
        assert how["metadata"]["image/png"]["alt"] == data["text/plain"]
    assert last["image/png"] == still.to_picture(view.latest).png


def test_the_live_view_ends_with_what_the_still_picture_shows(trainer, shown):
    view = TrainingView(FakeJudge(), samples=4)
    trainer.fit(12, view)
    assert page_of(view) == html_of(view.latest)
    assert "12 of 12" in text(page_of(view))


def test_the_still_picture_is_renewed_now_and_then_while_it_trains(trainer, shown, monkeypatch):
    monkeypatch.setattr(view_module, "STILL_REST", 0.0)
    monkeypatch.setattr(view_module, "SHORTEST_REST", 0.0)
    monkeypatch.setattr(view_module, "PICTURE_REST", 0)
    view = TrainingView(samples=4)
    for step in (3, 5, 7):
        view.update(replace(trainer.progress, step=step, goal=10, seconds=1.0))
    stills = [data["text/plain"] for data, how in shown if "display_id" in how]
    assert [re.search(r"step (\d+) of 10", words)[1] for words in stills] == ["3", "5", "7"]
    shown.clear()
    monkeypatch.setattr(view_module, "on_colab", lambda: True)  # it would make the view anew
    view.update(replace(trainer.progress, step=9, goal=10, seconds=1.0))
    assert shown == []
    assert "9 of 10" in text(page_of(view))


def test_what_is_shown_is_what_happened(trainer, shown):
    judge = FakeJudge()
    trainer.fit(25, TrainingView(judge))
    alt = shown[-1][0]["text/plain"]
    assert "step 25 of 25" in alt
    assert trainer.history.distances[-1] == (25, 100.0 / judge.asked)
    assert f"Fréchet distance {100 / judge.asked:.0f} (real pictures: 3)" in alt


def test_a_second_fit_is_shown_anew(trainer, shown):
    view = TrainingView(samples=4)
    trainer.fit(5, view)
    trainer.fit(5, view)
    assert len(shown) == 8
    assert shown[2][1]["display_id"] != shown[6][1]["display_id"]
    assert "step 10 of 10" in shown[-1][0]["text/plain"]


def test_the_same_latents_each_time(trainer):
    view = TrainingView()
    first, second = (view.snapshot(trainer.progress).pictures for _ in range(2))
    assert torch.equal(first, second)


def test_the_live_html(trainer, shown):
    view = TrainingView(FakeJudge(), samples=8)
    trainer.fit(40, view)
    html = html_of(view.latest)
    words = text(html)
    assert "40 of 40" in words
    assert "steps a second" in words
    assert "alt='8 generated pictures after step 40'" in html
    assert len(re.findall("<svg[^>]* role='img'", html)) == 2
    assert len(re.findall("data-tip='[^']+\\.'", html)) == 4  # each number has a sentence
    assert "nan" not in html
    assert "http" not in html
    assert len(html) < 50_000


def test_at_the_end_it_says_how_long_it_took(trainer):
    progress = replace(trainer.progress, step=40, goal=100_000, seconds=8.0)
    view = TrainingView(samples=4)
    running, stopped = (view.snapshot(progress, ended=ended) for ended in (False, True))
    assert ("time left", "333 min 12 s") in snapshot.headline(running)
    assert ("time", "8 s") in snapshot.headline(stopped)
    assert (running.last, stopped.last) == (100_000, 40)
    later = replace(progress, first_step=30)
    assert ("time", "8 s for the last 10") in snapshot.headline(view.snapshot(later, ended=True))


def test_the_first_moment_has_little_to_show(trainer):
    moment = TrainingView(FakeJudge()).snapshot(replace(trainer.progress, goal=10))
    assert "0 of 10" in text(html_of(moment))


def test_at_most_five_pictures_a_second_for_less_than_five_per_cent(trainer, shown):
    view = TrainingView(FakeJudge())
    start = time.perf_counter()
    while time.perf_counter() - start < 4:
        trainer.fit(100, view) if not view.latest else trainer.step()
        trainer.history  # noqa: B018 (reads the losses, as `fit` does before it asks the view)
        view.update(replace(trainer.progress, goal=trainer.steps + 1))
    elapsed = time.perf_counter() - start
    # The first picture comes at once and has no training before it to be a share of.
    assert view.pictures_drawn <= 5 * elapsed + 2
    assert view.pictures_drawn > 3
    assert view.cost < 0.05 * elapsed + 0.15


def test_a_training_that_fails_is_closed_without_a_picture(trainer, shown):
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="step 1"):
        trainer.fit(3, TrainingView(FakeJudge()))
    assert not any("image/png" in data for data, _ in shown)


def test_a_training_that_fails_later_keeps_what_was_last_seen(trainer, shown):
    view = TrainingView()
    trainer.fit(3, view)
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="step 4"):
        trainer.fit(3, view)
    assert "step 3 of 3" in shown[-1][0]["text/plain"]
    assert view._display_id is None


def test_a_spike_is_cut_and_named(trainer):
    history = History({"discriminator": [38.0, *[1.2] * 99], "generator": [0.7] * 100})
    progress = replace(trainer.progress, step=100, goal=100, history=history)
    moment = TrainingView(samples=4).snapshot(progress)
    chart = snapshot.losses_of(moment)
    low, high = chart.span
    assert (low, 1.386 < high < 2) == (0, True)
    assert chart.note == "cut off: top 38 at step 1"
    assert [value for _, value in chart.levels] == pytest.approx([1.386, 0.693], abs=1e-3)
    assert chart.dashed == "undecided 1.39, 0.69"
    calm = snapshot.losses_of(replace(moment, peaks={"discriminator": (1, 1.3)}))
    assert (calm.note, calm.dashed) == ("", "undecided 1.39, 0.69")


def test_a_loss_without_an_undecided_value_has_no_such_line(shown):
    pixels = torch.randint(256, (60, 1, 16, 16), dtype=torch.uint8)
    images = Images(pixels, name="noise")
    config = TrainConfig(width=8, latent=6, batch=16, loss="hinge")
    own = Trainer(*networks(config, images), images, config, "cpu")
    view = TrainingView(samples=4)
    own.fit(2, view)
    assert view.latest.undecided == {}
    assert snapshot.losses_of(view.latest).levels == []


def test_the_film_lies_under_the_pictures(trainer, shown, monkeypatch):
    monkeypatch.setattr(view_module, "SHORTEST_REST", 0.0)
    monkeypatch.setattr(view_module, "PICTURE_REST", 0)
    view = TrainingView(samples=4)
    first = trainer.generate(4, seed=trainer.config.seed)
    trainer.fit(6, view)
    steps = [scene.step for scene in view.film.scenes]
    assert (steps[0], steps[-1]) == (0, 6)
    assert torch.equal(view.film.scenes[0].pictures, to_uint8(first))
    assert {name: len(x) for name, x in view.film.scenes[0].logits.items()} == {
        "real": 4,
        "fake": 4,
    }
    scenes = view.player.scenes.children
    assert [f"data-step='{step}'" in each.value for step, each in zip(steps, scenes, strict=True)]
    assert f", {trainer.history.generator_loss[-1]:.2f}" in scenes[-1].value
    assert "max='6' value='6'" in view.player.slider.value
    trainer.fit(4, view)
    assert [scene.step for scene in view.film.scenes][-1] == 10
    again = Trainer(trainer.generator, trainer.discriminator, trainer.images, trainer.config, "cpu")
    again.fit(2, view)
    steps = [scene.step for scene in view.film.scenes]  # of the new run alone
    assert (steps[0], steps[-1]) == (0, 2)
    assert len(view.player.scenes.children) == len(view.film.scenes)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59.7, "1 min 00 s"), (125, "2 min 05 s")]
)
def test_clock(seconds, words):
    assert snapshot.clock(seconds) == words


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="samples must be a whole number from 1 to 1024, got 0"):
        TrainingView(samples=0)
    with pytest.raises(ValueError, match=r"columns must be .*, got 2\.5"):
        TrainingView(columns=2.5)


def finding() -> Finding:
    return Finding("D wins", "D tells 100% of pairs apart", "D has won", "add <r1>")


def test_what_is_wrong_stands_in_the_view_and_in_the_picture(trainer, shown):
    trainer.fit(3)
    view = TrainingView(samples=4)
    wrong = replace(trainer.progress, findings=lambda: [finding()])
    view.update(wrong)
    assert "D has won" not in page_of(view)  # it does not look at once
    view._diagnosis_due = view._picture_due = 0.0
    view.update(wrong)
    assert "D tells 100% of pairs apart: D has won; add <r1>" in text(page_of(view))
    assert "<r1>" not in page_of(view)
    assert view._diagnosis_due > 0  # the next one is due later
    view.close(wrong)
    assert "D has won; add <r1>" in shown[-1][0]["text/plain"]
    healthy = TrainingView(samples=4)
    trainer.fit(3, healthy)
    assert healthy.latest.findings == ()
    assert "finding" not in page_of(healthy)


def test_a_training_that_fails_says_why_below_what_was_last_seen(trainer, shown):
    view = TrainingView()
    trainer.fit(3, view)
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError):
        trainer.fit(3, view)
    assert "step 3 of 3" in shown[-1][0]["text/plain"]
    assert "weights that are not finite: generator" in shown[-1][0]["text/plain"]
    assert "not finite" in text(page_of(view))


def test_a_diagnosis_that_fails_ends_nothing(trainer, shown):
    def broken():
        raise RuntimeError("no")

    view = TrainingView(samples=4)
    view.close(replace(trainer.fit(3).progress, findings=broken))
    assert view.latest.findings is None  # nobody has looked
    assert "no known failure found" not in page_of(view)


def test_a_game_without_pictures_is_shown_by_its_losses(shown):
    history = History({"critic": [0.5, 0.4], "encoder": [1.0, 0.9]})
    progress = Progress(2, 0, 2, 1.0, history, {}, samples=lambda n: None)
    view = TrainingView()
    view.update(progress)
    html = page_of(view)
    assert "critic" in text(html)
    assert "encoder" in text(html)
    assert "<img" not in html
    view.close(progress)
    assert shown[-1][0]["text/plain"].startswith("both losses against the step")
    with pytest.raises(ValueError, match="no samples to judge: leave judge out"):
        TrainingView(FakeJudge()).close(progress)


def test_a_flip_book_has_evenly_chosen_scenes():
    view = TrainingView(samples=2)
    scenes = [Scene(step, torch.zeros(2, 1, 8, 8), {}) for step in range(0, 300, 3)]
    view.film = SimpleNamespace(scenes=scenes, history=SimpleNamespace(losses={}))
    view.player = SimpleNamespace(scene=lambda scene, film: f"scene {scene.step}")
    steps = [frame.values["step"] for frame in view.frames()]
    assert len(steps) == 12
    assert steps[0] == 0
    assert steps[-1] == 297
    assert steps == sorted(set(steps))
    (one,) = view.frames("step", [6])
    assert "scene 6<" in one.html
    with pytest.raises(ValueError, match="unknown step 7"):
        view.frames("step", [7])
    with pytest.raises(ValueError, match="unknown names 'turn'"):
        view.frames("turn")
