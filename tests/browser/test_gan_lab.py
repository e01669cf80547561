"""The GAN Lab in a real JupyterLab: played, paused, stepped and rewound, by mouse and keyboard."""

import re
from pathlib import Path

import pytest

from gan_lessons.widgets import GanLab
from gan_lessons.widgets.gan_lab import PRESETS
from gan_lessons.widgets.gan_lab.settings import VIEWS
from gan_lessons.widgets.gan_lab.truth import SIDE, cells
from gan_lessons.widgets.gan_lab.words import percent, rounded

SHOTS = Path(__file__).resolve().parents[2] / "runs" / "browser"
CELL = "from gan_lessons.widgets import GanLab\nlab = GanLab()\nlab"
BELOW = "print('below')"  # a cell under the lab
SLOW = """import time
from gan_lessons.widgets import GanLab
lab = GanLab()
heard = lab._screen.pad._heard
lab._screen.pad._heard = lambda strokes: (time.sleep(0.7), heard(strokes))
lab"""
WAIT = 20_000
PAUSE_MS = 250
ANSWER_MS = 100
TURN = "+document.querySelector('.gl-lab table b').textContent.replace(',', '')"


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL, BELOW], height=1700)
    page.wait_for_selector(".gl-lab .plane", timeout=90_000)
    page.locator(".gl-lab-more").click()
    page.locator(".gl-lab-D").wait_for(timeout=WAIT)  # seen, not only there
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


def rests(page) -> int:
    """The turn at which the page comes to rest; a busy machine may draw the last ones late."""
    for _ in range(20):
        at = turn(page)
        page.wait_for_timeout(500)
        if turn(page) == at:
            return at
    raise AssertionError(f"it still plays, at turn {turn(page)}")


def table(page) -> dict[str, str]:
    rows = page.locator(".gl-lab table tr").all()
    return {
        r.locator("td").nth(0).text_content(): r.locator("td").nth(1).text_content() for r in rows
    }


def play(page):
    return page.locator(".gl-lab-play button").first


@pytest.mark.alone
def test_it_plays_and_pauses_at_once(lab, page):
    assert lab.median_pause(page, TURN, ".gl-lab-play button", 20) < PAUSE_MS


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
    at = rests(page)
    page.wait_for_timeout(500)
    assert turn(page) == at


def test_the_slider_goes_back_and_forth(page):
    play(page).click()
    page.wait_for_function(f"{TURN} > 60", timeout=WAIT)
    play(page).click()
    end, numbers = rests(page), table(page)
    handle = page.locator(".gl-lab-history .noUi-handle")
    handle.focus()
    page.keyboard.press("Home")
    reads(page, 0)
    page.keyboard.press("ArrowRight")
    reads(page, 10)
    page.keyboard.press("End")
    reads(page, end)
    assert table(page) == numbers
    page.keyboard.press("Home")
    reads(page, 0)
    page.locator(".gl-lab-both").click()
    reads(page, 1)
    expected = GanLab(turns=1)
    assert page.locator(".gl-lab code").text_content() == expected.line


ACTS = [  # what is said of it, and a part of the machine that is lit; and one that is not
    ("Discriminator's turn: draw", "real", "G"),
    ("Discriminator's turn: generate", "G", "real"),
    ("Discriminator's turn: judge", "D", "back-D"),
    ("Discriminator's turn: step", "back-D", "back-fake"),
    ("Generator's turn: generate", "G", "D"),
    ("Generator's turn: judge", "D", "real"),
    ("Generator's turn: push", "back-fake", "back-G"),
    ("Generator's turn: step", "back-G", "D"),
]
LOOKS = """() => Object.fromEntries([...document.querySelectorAll('.gl-lab .part')].map(part => {
    const style = getComputedStyle(part.querySelector('rect, ellipse, path'));
    return [part.dataset.part, [style.stroke, style.strokeWidth]];
}))"""


def test_slow_motion_lights_the_machine_beside_the_plane(page):
    plane = page.locator(".gl-lab .plane").bounding_box()
    quiet = page.evaluate(LOOKS)
    assert len({look[0] for look in quiet.values()}) == 1
    for heading, on, off in ACTS:
        page.locator(".gl-lab-act").click()
        page.wait_for_function(
            "text => document.querySelector('.gl-lab .words').textContent.startsWith(text)",
            arg=heading,
            timeout=WAIT,
        )
        looks = page.evaluate(LOOKS)
        assert looks[on] != quiet[on]
        assert looks[off] == quiet[off]
        assert page.locator(".gl-lab .plane").bounding_box() == plane
        words = page.locator(".gl-lab .words").bounding_box()
        assert words["x"] > plane["x"] + plane["width"]  # beside the plane
        assert words["y"] + words["height"] < plane["y"] + plane["height"]
        assert words["height"] > 30
    reads(page, 1)
    back = "[data-part=back-D] path"
    style = page.locator(f".gl-lab {back}").first.evaluate(
        "e => getComputedStyle(e).strokeDasharray"
    )
    assert style != "none"  # the gradient's way is drawn otherwise


def test_while_it_plays_the_lights_change_and_the_machine_is_not_written_anew(page):
    page.evaluate("document.querySelector('.gl-lab .machine').mine = true")
    play(page).click()
    page.wait_for_selector(".gl-lab .in-D", timeout=WAIT)
    page.evaluate("document.querySelector('.gl-lab .machine').mine = true")
    looks = []
    for _ in range(12):
        page.wait_for_timeout(150)
        looks.append(str(page.evaluate(LOOKS)["real"]))
    assert page.evaluate("document.querySelector('.gl-lab .machine').mine")
    assert len(set(looks)) > 1
    play(page).click()
    page.wait_for_selector(".gl-lab .in-D", state="detached", timeout=WAIT)


def drawing(page) -> str:
    found = re.search(r"drawing='(\w+)'", page.locator(".gl-lab code").text_content())
    return found[1] if found else ""


def empty(page):
    """The plane's box; it is empty, and the pencil is out."""
    page.locator(".gl-lab-data select").select_option("drawn")
    page.wait_for_selector(".gl-lab-clear:not([disabled])", timeout=WAIT)
    page.locator(".gl-lab-clear").click()
    page.locator(".gl-lab .plane .hint").wait_for(timeout=WAIT)
    page.locator(".gl-lab .gl-pad").wait_for(timeout=WAIT)
    return page.locator(".gl-lab .plane").bounding_box()


def points(box, count=30):
    """A line across the plane, in the page's pixels."""
    for i in range(count + 1):
        share = 0.2 + 0.6 * i / count
        yield box["x"] + share * box["width"], box["y"] + 0.75 * box["height"]


WATCH = """() => {
    const seen = window.seen = new Set(), parts = ['.plane', '.key', '.gl-lab code', 'table'];
    const look = () => {
        const below = [...document.querySelectorAll('.jp-OutputArea-output pre')].pop();
        const boxes = [...parts.map(each => document.querySelector(each)), below];
        seen.add(boxes.map(each => each && JSON.stringify(each.getBoundingClientRect())).join());
        window.looking = requestAnimationFrame(look);
    };
    look();
}"""


def drawn_line(text: str) -> None:
    """The row at three quarters of the height is filled from 20 to 80 %, and nothing far away."""
    filled = cells(text)
    row = int(0.75 * SIDE)
    assert filled[row, int(0.25 * SIDE) : int(0.75 * SIDE)].all()
    rows, columns = filled.nonzero()
    assert abs(rows - row).max() <= 1
    assert columns.min() >= 0.2 * SIDE - 2
    assert columns.max() <= 0.8 * SIDE + 1


def test_a_drag_on_the_plane_makes_the_data_and_nothing_moves(page):
    box = empty(page)
    assert page.locator(".gl-lab .gl-pad").bounding_box() == box
    page.evaluate(WATCH)
    way = list(points(box))
    page.mouse.move(*way[0])
    page.mouse.down()
    for x, y in way[1:]:
        page.mouse.move(x, y)
        page.wait_for_timeout(20)
    assert len(page.locator(".gl-pad polyline").get_attribute("points").split()) > 25  # at once
    page.wait_for_function(  # the kernel answers before the hand is lifted
        "document.querySelector('.gl-lab .plane .real')?.getAttribute('d').length > 100",
        timeout=WAIT,
    )
    page.mouse.up()
    page.wait_for_function("document.querySelector('.gl-lab .plane .hint') === null", timeout=WAIT)
    page.wait_for_timeout(500)
    seen = page.evaluate("() => { cancelAnimationFrame(window.looking); return [...window.seen] }")
    assert len(seen) == 1
    assert "null" not in seen[0]
    drawn_line(drawing(page))
    play(page).click()
    page.wait_for_function(f"{TURN} > 20", timeout=WAIT)
    play(page).click()
    # The eraser takes the right half away.
    page.locator(".gl-lab-erase").click()
    page.wait_for_selector(".gl-pad.eraser", timeout=WAIT)
    before = drawing(page)
    page.mouse.move(*way[15])
    page.mouse.down()
    page.mouse.move(*way[30], steps=8)
    page.mouse.up()
    page.wait_for_function(
        "text => !document.querySelector('.gl-lab code').textContent.includes(text)",
        arg=before,
        timeout=WAIT,
    )
    page.wait_for_timeout(400)
    left = cells(drawing(page)).nonzero()[1]
    assert left.min() < 0.25 * SIDE
    assert left.max() <= 0.5 * SIDE


def test_a_finger_draws_and_the_page_stays(page):
    box = empty(page)
    client = page.context.new_cdp_session(page)
    client.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    top = page.locator(".gl-lab .plane").bounding_box()["y"]

    def touch(kind, *at):
        spots = [{"x": x, "y": y} for x, y in at]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    way = list(points(box))
    down = [(way[15][0], box["y"] + share / 20 * box["height"]) for share in range(15, 5, -1)]
    for path in (way, down):
        touch("touchStart", path[0])
        for at in path[1:]:
            touch("touchMove", at)
            page.wait_for_timeout(20)
        touch("touchEnd")
    page.wait_for_timeout(1000)
    filled = cells(drawing(page))
    assert filled[int(0.75 * SIDE), int(0.25 * SIDE) : int(0.75 * SIDE)].all()
    assert filled[int(0.3 * SIDE) : int(0.7 * SIDE), SIDE // 2].all()  # no scrolling took over
    assert page.locator(".gl-lab .plane").bounding_box()["y"] == top
    page.locator(".gl-lab-draw").click()
    page.wait_for_selector(".gl-lab .gl-pad", state="hidden", timeout=WAIT)  # it scrolls again
    client.detach()


def test_keys_draw_too(page):
    empty(page)
    page.locator(".gl-lab .gl-pad svg").first.focus()
    for key in ("ArrowLeft", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    page.wait_for_timeout(1000)
    rows, columns = cells(drawing(page)).nonzero()
    assert abs(rows - SIDE / 2).max() <= 1
    assert columns.max() - columns.min() in (2, 3, 4)


def test_an_empty_plane_says_what_to_do(page):
    box = empty(page)
    hint = page.locator(".gl-lab .plane .hint")
    assert hint.text_content() == "draw here: drag with the mouse or a finger"
    inside = hint.bounding_box()
    assert box["x"] < inside["x"]
    assert inside["x"] + inside["width"] < box["x"] + box["width"]
    play(page).click()
    page.wait_for_selector(".gl-lab .asked", timeout=WAIT)
    words = page.locator(".gl-lab .words")
    assert words.get_attribute("role") == "alert"
    assert "Drag on the plane with the mouse or a finger" in words.text_content()
    page.wait_for_selector(".gl-lab-play .fa-play", timeout=WAIT)
    assert page.locator(".gl-lab .plane").bounding_box() == box
    assert turn(page) == 0


def test_what_was_wiped_off_does_not_come_back(lab):
    """A slow kernel still waits for the last strokes when the plane is cleared."""
    page = lab.open([SLOW], height=1300)
    page.wait_for_selector(".gl-lab .plane", timeout=90_000)
    box = empty(page)
    for row in (0.3, 0.5, 0.7):
        y = box["y"] + row * box["height"]
        page.mouse.move(box["x"] + 0.3 * box["width"], y)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=6)
        page.mouse.up()
    page.locator(".gl-lab-clear").click()
    page.wait_for_timeout(4000)  # longer than the kernel sleeps
    assert page.locator(".gl-lab .plane .hint").count() == 1
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector(".gl-lab .plane .hint", state="detached", timeout=WAIT)
    page.wait_for_timeout(2000)
    rows, columns = cells(drawing(page)).nonzero()
    assert len(rows) > 0
    assert abs(rows + 0.5 - 0.4 * SIDE).max() <= 1  # the new dot alone
    assert abs(columns + 0.5 - 0.3 * SIDE).max() <= 1
    assert lab.errors(page) == []
    page.close()


@pytest.mark.alone
def test_a_stroke_is_seen_at_once_and_answered_soon(page):
    """The page draws it itself; its points are on the plane soon: the median of seven."""
    box = empty(page)
    waits = []
    for i in range(7):
        y = box["y"] + (0.2 + 0.08 * i) * box["height"]
        page.mouse.move(box["x"] + 0.3 * box["width"], y)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.5 * box["width"], y, steps=4)
        waits.append(
            page.evaluate(
                """async () => {
                    const real = () => document.querySelector('.gl-lab .plane .real');
                    const pad = document.querySelector('.gl-pad svg');
                    const line = () => pad.querySelector('polyline:last-of-type').outerHTML;
                    await new Promise(resolve => setTimeout(resolve, 700));
                    const before = real()?.getAttribute('d'), drawn = line();
                    const at = pad.getBoundingClientRect(), start = performance.now();
                    pad.onpointermove({pointerId: pad.pen.id, clientX: at.right - 20,
                        clientY: at.top + at.height * Math.random()});
                    const seen = line() !== drawn;
                    while (real()?.getAttribute('d') === before) {
                        await new Promise(requestAnimationFrame);
                        if (performance.now() - start > 5000) break;
                    }
                    return [seen, performance.now() - start];
                }"""
            )
        )
        page.mouse.up()
    print("a stroke answered after, ms:", [round(wait) for _, wait in waits])
    assert all(seen for seen, _ in waits)
    assert sorted(wait for _, wait in waits)[3] < ANSWER_MS


def test_a_preset_says_what_to_watch(page):
    page.locator(".gl-lab-preset select").select_option("collapses")
    page.get_by_text("Watch:").wait_for(timeout=WAIT)
    assert "penalty='none'" in page.locator(".gl-lab code").text_content()
    fold = page.locator(".gl-lab details")
    assert not fold.locator("p").is_visible()
    fold.locator("summary").click()
    assert fold.locator("p").is_visible()
    page.locator(".gl-lab-both").click()
    reads(page, 1)
    assert fold.locator("p").is_visible()  # a turn does not write it anew
    page.locator(".gl-lab-preset select").select_option("rotates")
    page.get_by_text("Both players are linear").wait_for(timeout=WAIT)
    assert not fold.locator("p").is_visible()


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
    for number in page.locator(".gl-lab table td:last-child").all():
        right = number.evaluate(
            "e => { const range = document.createRange(); range.selectNodeContents(e);"
            " return range.getBoundingClientRect().right }"
        )
        assert right <= box["x"] + box["width"] - 11  # its padding


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
    assert plane["y"] + plane["height"] - top < (600 if width > 800 else 800)
    assert page.locator(".gl-lab-act").is_visible()
    assert not page.locator(".gl-lab-D").is_visible()
    page.locator(".gl-lab-more").click()
    page.locator(".gl-lab-D").wait_for(timeout=WAIT)
    page.locator(".gl-lab-more").click()  # shut again, for the other width
    page.locator(".gl-lab-D").wait_for(state="hidden", timeout=WAIT)


@pytest.mark.parametrize("width", [1100, 960, 420])
def test_all_words_fit_below_the_machine(lab, width):
    """What each preset says to watch, and each act, in the one height."""
    cell = "from gan_lessons.widgets import GanLab\nGanLab.preset('works')"
    page = lab.keep([cell], width=width, height=900, dark=width < 800)
    page.wait_for_selector(".gl-lab .plane", timeout=90_000)
    heights = set()

    def fits():
        page.wait_for_timeout(400)
        room, needed, height = page.evaluate(
            """() => {
                const card = document.querySelector('.gl-lab .machine').getBoundingClientRect();
                const words = document.querySelector('.gl-lab .words').getBoundingClientRect();
                return [card.bottom - 4, words.bottom, card.height];
            }"""
        )
        assert needed <= room
        heights.add(height)

    for preset in PRESETS:
        page.locator(".gl-lab-preset select").select_option(preset)
        fits()
    for _ in range(8):
        page.locator(".gl-lab-act").click()
        fits()
    page.locator(".gl-lab-preset select").select_option("works")
    page.wait_for_timeout(400)
    assert len(heights) == 1
