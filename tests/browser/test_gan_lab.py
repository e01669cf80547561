"""The GAN Lab in a real JupyterLab: played, paused, stepped and rewound, by mouse and keyboard."""

import re
from pathlib import Path

import pytest

from gan_lessons.widgets import GanLab
from gan_lessons.widgets.gan_lab.settings import VIEWS
from gan_lessons.widgets.gan_lab.words import percent, rounded

SHOTS = Path(__file__).resolve().parents[2] / "runs" / "browser"
CELL = "from gan_lessons.widgets import GanLab\nlab = GanLab()\nlab"
WAIT = 20_000
PAUSE_MS = 250
TURN = "+document.querySelector('.gl-lab table b').textContent.replace(',', '')"


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL], height=1400)
    page.wait_for_selector(".gl-lab .plane", timeout=90_000)
    page.locator(".gl-lab-more").click()
    page.locator(".gl-lab-act").wait_for(timeout=WAIT)  # seen, not only there
    yield page
    page.close()


@pytest.fixture(autouse=True)
def from_the_start(page):
    page.locator(".gl-lab-reset").click()
    reads(page, 0)


def turn(page) -> int:
    return page.evaluate(TURN)


def reads(page, turns: int) -> None:
    """Waits until the picture is of that turn."""
    page.wait_for_function(f"{TURN} === {turns}", timeout=WAIT)


def table(page) -> dict[str, str]:
    rows = page.locator(".gl-lab table tr").all()
    return {
        r.locator("td").nth(0).text_content(): r.locator("td").nth(1).text_content() for r in rows
    }


def play(page):
    return page.locator(".gl-lab-play button").first


@pytest.mark.alone
def test_it_plays_and_pauses_at_once(lab, page):
    delays = []
    for _ in range(5):
        before = turn(page)
        play(page).click()
        page.wait_for_function(f"{TURN} > {before + 20}", timeout=WAIT)
        delays.append(lab.pause(page, TURN, ".gl-lab-play button"))
        at = turn(page)
        page.wait_for_timeout(400)
        assert turn(page) == at
    print("pause answered after, ms:", [round(delay) for delay in delays])
    assert sorted(delays)[2] < PAUSE_MS


def test_steps_show_what_the_package_computes(page):
    for name in ("both", "both", "D", "G"):
        before = turn(page)
        page.locator(f".gl-lab-{name}").click()
        reads(page, before + 1)
    expected = GanLab(turns=[2, "1 D", "1 G"])
    n, told = expected.metrics, table(page)
    assert told["discriminator's loss"] == rounded(n["discriminator_loss"], 3) + " with r1"
    assert told["generator's loss"] == rounded(n["generator_loss"], 3)
    assert told["good fakes"].startswith(percent(n["good"]))
    assert told["modes found"] == f"{n['modes']} of {n['modes_in_all']}"
    assert page.locator(".gl-lab code").text_content() == expected.line


def test_the_keyboard_alone_runs_it(page):
    page.locator(".gl-lab-both").focus()
    page.keyboard.press("Space")
    reads(page, 1)
    page.keyboard.press("Enter")
    reads(page, 2)
    page.locator(".gl-lab-D").focus()
    page.keyboard.press("Space")
    reads(page, 3)
    assert "turns=[2, '1 D']" in page.locator(".gl-lab code").text_content()
    play(page).focus()
    page.keyboard.press("Space")
    page.wait_for_function(f"{TURN} > 50", timeout=WAIT)
    page.keyboard.press("Space")
    page.wait_for_timeout(500)
    at = turn(page)
    page.wait_for_timeout(500)
    assert turn(page) == at


def test_the_slider_goes_back_and_forth(page):
    play(page).click()
    page.wait_for_function(f"{TURN} > 60", timeout=WAIT)
    play(page).click()
    page.wait_for_timeout(500)
    end, numbers = turn(page), table(page)
    handle = page.locator(".gl-lab-history .noUi-handle")
    handle.focus()
    page.keyboard.press("Home")
    reads(page, 0)
    page.keyboard.press("ArrowRight")
    reads(page, 10)
    for _ in range(end // 10):
        page.keyboard.press("ArrowRight")
    reads(page, end)
    assert table(page) == numbers
    page.keyboard.press("Home")
    reads(page, 0)
    page.locator(".gl-lab-both").click()
    reads(page, 1)
    expected = GanLab(turns=1)
    assert page.locator(".gl-lab code").text_content() == expected.line


def test_slow_motion_tells_each_act(page):
    told = []
    for _ in range(8):
        page.locator(".gl-lab-act").click()
        before = told[-1] if told else ""
        page.wait_for_function(
            "before => { const act = document.querySelector('.gl-lab .act');"
            " return act && act.textContent !== before }",
            arg=before,
            timeout=WAIT,
        )
        told.append(page.locator(".gl-lab .act").text_content())
    assert [re.search(r": (draw|generate|judge|step|push)", text)[1] for text in told] == [
        *("draw", "generate", "judge", "step", "generate", "judge", "push", "step")
    ]
    reads(page, 1)


def test_what_is_drawn_is_learned(page):
    page.locator(".gl-lab-data select").select_option("drawn")
    cells = page.locator(".gl-lab .board button")
    cells.first.wait_for(timeout=WAIT)
    assert cells.count() == 64
    cells.first.click()
    page.wait_for_function(
        "document.querySelector('.gl-lab code').textContent.includes(\"drawing='8066\")",
        timeout=WAIT,
    )
    cells.nth(1).focus()
    page.keyboard.press("Space")
    page.wait_for_function(
        "document.querySelector('.gl-lab code').textContent.includes(\"drawing='c066\")",
        timeout=WAIT,
    )
    assert table(page)["cells found"].endswith("of 34")
    page.locator(".gl-lab-clear").click()
    page.wait_for_function("!document.querySelector('.gl-lab .board .mod-active')", timeout=WAIT)
    cells.nth(63).click()
    page.wait_for_function(
        "document.querySelector('.gl-lab code').textContent.includes(\"'0000000000000001'\")",
        timeout=WAIT,
    )
    assert table(page)["cells found"].endswith("of 1")
    page.locator(".gl-lab-data select").select_option("ring")
    page.wait_for_function("!document.querySelector('.gl-lab code').textContent.includes('drawn')")


def test_a_preset_says_what_to_watch(page):
    page.locator(".gl-lab-preset select").select_option("collapses")
    page.get_by_text("Watch:").wait_for(timeout=WAIT)
    assert "penalty='none'" in page.locator(".gl-lab code").text_content()


def test_a_view_is_switched_off(page):
    page.locator(".gl-lab-show-heat").click()
    page.wait_for_function("!document.querySelector('.gl-lab .plane img')", timeout=WAIT)
    page.locator(".gl-lab-show-heat").click()
    page.wait_for_selector(".gl-lab .plane img", timeout=WAIT)


def test_the_console_has_nothing_of_ours(lab, page):
    assert lab.errors(page) == []


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
@pytest.mark.parametrize("width", [1100, 400])
def test_it_fits_in_both_themes(lab, dark, width):
    cell = f"from gan_lessons.widgets import GanLab\nGanLab(turns=150, acts=7, views={[*VIEWS]})"
    page = lab.keep([cell], width=width, height=1300 if width > 800 else 2300, dark=dark)
    page.wait_for_selector(".gl-lab .plane", timeout=90_000)
    page.wait_for_timeout(1000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    theme = "dark" if dark else "light"
    page.screenshot(path=SHOTS / f"gan_lab_{theme}_{width}.png")
    card = page.locator(".gl-lab .paper")
    paper = card.evaluate("card => getComputedStyle(card).backgroundColor")
    assert paper == ("rgb(27, 30, 35)" if dark else "rgb(252, 252, 250)")
    room = page.locator(".jp-OutputArea-output").first.bounding_box()
    box = card.bounding_box()
    assert box["x"] >= room["x"] - 1
    assert box["x"] + box["width"] <= room["x"] + room["width"] + 1
    plane = page.locator(".gl-lab .plane").bounding_box()
    assert abs(plane["width"] - plane["height"]) < 1.5


@pytest.mark.parametrize("width", [1100, 420])
def test_at_first_sight_the_picture_is_in_sight(lab, width):
    cell = "from gan_lessons.widgets import GanLab\nGanLab.preset('works')"
    page = lab.keep([cell], width=width, height=900, dark=width < 800)
    page.wait_for_selector(".gl-lab .plane", timeout=90_000)
    page.wait_for_timeout(1000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"gan_lab_first_{width}.png")
    top = page.locator(".gl-lab-preset").bounding_box()["y"]
    plane = page.locator(".gl-lab .plane").bounding_box()
    assert plane["y"] + plane["height"] - top < 800
    assert not page.locator(".gl-lab-act").is_visible()
    page.locator(".gl-lab-more").click()
    page.locator(".gl-lab-act").wait_for(timeout=WAIT)
    page.locator(".gl-lab-more").click()  # shut again, for the other width
    page.locator(".gl-lab-act").wait_for(state="hidden", timeout=WAIT)
