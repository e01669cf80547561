"""DiracExplorer in a real JupyterLab: by mouse and keyboard, against the model."""

import math

import pytest

from gan_lessons.widgets import kit
from gan_lessons.widgets.dirac_explorer import model
from gan_lessons.widgets.dirac_explorer import page as pages
from gan_lessons.widgets.dirac_explorer.settings import MOST_STEPS, PRESETS, DiracSettings
from gan_lessons.widgets.presets import OWN

CELL = "from gan_lessons.widgets import DiracExplorer\nexplorer = DiracExplorer()\nexplorer"
WAIT = 20_000
PAUSE_MS = 250
MOVE_MS = 150  # from a key to the picture, the kernel's and the page's part
STEPS = "+document.querySelector('.gl-dirac-steps .widget-readout').textContent"
TITLES = "[...document.querySelectorAll('.gl-dirac figcaption')].map(each => each.textContent)"


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL], height=1100)
    page.wait_for_selector(".gl-dirac .gl-diagram", timeout=90_000)
    yield page
    page.close()


@pytest.fixture(autouse=True)
def from_the_start(page):
    for name in ("minimax + R1, γ = 1", "minimax, simultaneous"):  # the same again is unheard
        choose(page, "preset", name)
        shows(page, DiracSettings(name, **PRESETS[name][0]))


def choose(page, name: str, option: str) -> None:
    page.locator(f".gl-dirac-{name} select").select_option(label=option)


def shows(page, settings: DiracSettings) -> None:
    """Waits until the page's titles are those of the settings; its numbers are the model's."""
    titles = [diagram.title for diagram in pages.diagrams_of(settings)]
    plane, radius, *circles = titles
    page.wait_for_function(
        f"titles => JSON.stringify({TITLES}) === JSON.stringify(titles)",
        arg=[plane, *circles, radius],
        timeout=WAIT,
    )
    assert page.locator(".gl-dirac .watch b").text_content() == model.verdict(settings)
    assert numbers(page)["radius"] == kit.short(math.hypot(*model.end(settings)[1]))


def numbers(page) -> dict[str, str]:
    rows = page.locator(".gl-dirac table tr").all()
    return dict(row.locator("td").all_text_contents() for row in rows)


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_shows_what_the_model_computes(page, name):
    choose(page, "preset", name)
    settings, watch = PRESETS[name]
    shows(page, DiracSettings(name, **settings))
    why = page.locator(".gl-dirac .watch")
    assert watch in why.text_content()
    assert not why.is_visible()
    page.locator(".gl-dirac summary").click()
    assert why.is_visible()


def test_menus_buttons_and_keys_change_the_game(page):
    choose(page, "penalty", "R1")
    choose(page, "loss", "non-saturating")
    page.locator(".gl-dirac-updates button", has_text="alternating").click()
    page.wait_for_selector(".gl-dirac-gamma .noUi-target:not([disabled])", timeout=WAIT)
    page.locator(".gl-dirac-gamma .noUi-handle").focus()
    for _ in range(5):  # without waiting: none is lost
        page.keyboard.press("ArrowRight")
    settings = DiracSettings(loss="nonsaturating", penalty="r1", updates="alternating", gamma=0.35)
    shows(page, settings)
    assert page.locator(".gl-dirac-preset select").input_value() == OWN


def test_a_click_on_the_plane_moves_the_start(page):
    choose(page, "penalty", "R1")
    shows(page, DiracSettings(penalty="r1"))
    place = page.evaluate(
        """() => {
        const inside = document.querySelector('.gl-dirac .plane .inside');
        const at = new DOMPoint(0.5946 * 340, 0.2973 * 340).matrixTransform(inside.getScreenCTM());
        return {x: at.x, y: at.y};
    }"""
    )
    page.mouse.click(place["x"], place["y"])
    shows(page, DiracSettings(penalty="r1", theta=0.7, psi=1.5))
    start = page.locator(".gl-dirac .plane circle.muted").bounding_box()
    assert start["x"] + start["width"] / 2 == pytest.approx(place["x"], abs=2)
    assert start["y"] + start["height"] / 2 == pytest.approx(place["y"], abs=2)


def test_the_dots_lie_where_the_eigenvalues_are(page):
    choose(page, "preset", "minimax + R1, γ = 1")
    shows(page, DiracSettings("minimax + R1, γ = 1", **PRESETS["minimax + R1, γ = 1"][0]))
    circle = page.locator(".gl-dirac .circles figure").first
    disc = circle.locator("path.filled").bounding_box()
    dot = circle.locator("circle.fake").first.bounding_box()
    unit = disc["width"] / 2
    re = (dot["x"] + dot["width"] / 2 - disc["x"] - unit) / unit
    im = (disc["y"] + unit - dot["y"] - dot["height"] / 2) / unit
    assert (re, im) == (pytest.approx(0.9, abs=0.02), pytest.approx(0, abs=0.02))


@pytest.mark.alone
def test_it_plays_pauses_and_stops(lab, page):
    play = page.locator(".gl-dirac-play button")
    assert lab.median_pause(page, STEPS, ".gl-dirac-play button", 20) < PAUSE_MS
    at = page.evaluate(STEPS)
    assert 100 < at < MOST_STEPS
    shows(page, DiracSettings("minimax, simultaneous", steps=at))
    play.nth(1).click()
    shows(page, DiracSettings("minimax, simultaneous", steps=0))


def test_from_step_0_play_is_the_next_thing(lab):
    cell = CELL.replace("DiracExplorer()", "DiracExplorer(steps=0, eigenvalues=False, controls=())")
    page = lab.open([cell], width=420, height=900)
    ready = page.locator(".gl-dirac .ready")
    ready.wait_for(timeout=90_000)
    assert ready.text_content() == pages.READY
    assert page.locator(".gl-dirac .circles").count() == 0
    top, plane = (page.locator(f".gl-dirac {each}").bounding_box() for each in (
        ".gl-dirac-preset", ".plane"
    ))  # fmt: skip
    assert 0 < plane["y"] - top["y"] < 120  # two rows of controls
    page.locator(".gl-dirac-play button").first.click()
    ready.wait_for(state="detached", timeout=WAIT)
    page.locator(".gl-dirac-play button").first.click()
    choose(page, "preset", "minimax, alternating")
    ready.wait_for(timeout=WAIT)
    page.close()


@pytest.mark.alone
def test_a_key_is_answered_at_once(page):
    choose(page, "penalty", "R1")
    page.locator(".gl-dirac-gamma .noUi-handle").focus()
    delays = []
    for _ in range(20):
        before = page.evaluate(TITLES)
        page.evaluate("window.began = performance.now()")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            f"before => JSON.stringify({TITLES}) !== JSON.stringify(before)", arg=before
        )
        delays.append(page.evaluate("performance.now() - window.began"))
    print("key answered after, ms:", sorted(round(delay) for delay in delays))
    assert sorted(delays)[10] < MOVE_MS


def test_controls_and_numbers_say_what_they_are(page):
    def hint() -> str:
        return page.evaluate(
            "getComputedStyle(document.querySelector('.gl-dirac .gl-hint'), '::after').content"
        )

    page.locator(".gl-dirac-clip").hover()
    assert "ψ is cut back to this" in hint()
    page.mouse.move(0, 0)
    page.locator(".gl-dirac-step-size .noUi-handle").focus()
    assert "the smaller, the closer" in hint()
    page.keyboard.press("Tab")  # from here on, the browser shows what has the focus
    number = page.locator(".gl-dirac .gl-tip", has_text="largest |μ|")
    number.focus()
    said = number.evaluate("each => getComputedStyle(each, '::after').content")
    assert "below 1, it shrinks" in said


def cut_menus(page) -> list[str]:
    """The menus whose longest words, or whose arrow, have no room."""
    return page.evaluate(
        """() => {
        const pen = document.createElement('canvas').getContext('2d');
        const right = document.querySelector('.gl-dirac').getBoundingClientRect().right;
        return [...document.querySelectorAll('.gl-dirac select')].filter(menu => {
            pen.font = getComputedStyle(menu).font;
            const words = [...menu.options].map(each => pen.measureText(each.text).width);
            const box = menu.getBoundingClientRect();
            return box.right > right || Math.max(...words) + 26 > box.width;
        }).map(menu => menu.options[0].text);
    }"""
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits_and_can_be_read(lab, width, dark):
    cell = CELL.replace("DiracExplorer()", "DiracExplorer('relativistic + R1 + R2')")
    page = lab.fitting("dirac", cell, width, 1700 if width < 500 else 1000, dark)
    colours = page.evaluate(
        "['path.fake', 'path.dashed', 'path.filled'].map(look => getComputedStyle("
        "document.querySelector('.gl-dirac ' + look)).color)"
    )
    expected = {False: "rgb(184, 74, 0)", True: "rgb(242, 163, 94)"}
    assert colours[0] == expected[dark]
    assert len(set(colours)) == 3
    assert cut_menus(page) == []
    card = page.locator(".gl-dirac .page").bounding_box()
    for name in page.locator(".gl-dirac .key span").all():
        box = name.bounding_box()
        assert box["x"] + box["width"] <= card["x"] + card["width"]
    page.close()
