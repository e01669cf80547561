"""RealOrFake in a real JupyterLab: buttons, clock, end, and that it fits."""

import pytest

CELL = """from gan_lessons.widgets import RealOrFake
RealOrFake(trainer.discriminator, real, fake, rounds=6)"""
COUNT = "+/of (\\d+)/.exec(document.querySelector('.gl-duel .score td + td').textContent)[1]"
WAIT = 20_000


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([lab.players + "print('some words')\n" + CELL], height=1000)
    page.wait_for_selector(".gl-duel .question img", timeout=90_000)
    yield page
    page.close()


def test_printed_lines_of_a_lesson_break_between_words(page):
    printed = page.locator(".jp-OutputArea-output pre", has_text="some words")
    assert printed.evaluate("each => getComputedStyle(each).wordBreak") == "normal"


def test_each_answer_brings_the_next_and_is_judged(page):
    for number in range(1, 4):
        page.locator(".gl-duel-real" if number % 2 else ".gl-duel-fake").click()
        page.wait_for_function(f"{COUNT} === {number}", timeout=WAIT)
        assert f"{number + 1} of 6" in page.locator(".gl-duel .question p").text_content()
        assert "It was" in page.locator(".gl-duel .last").text_content()


def test_keys_answer_and_other_keys_are_left_to_jupyterlab(page):
    asked = "document.activeElement.closest('.gl-duel-real, .gl-duel-fake') !== null"
    assert page.evaluate(asked)  # the button that was clicked
    page.keyboard.press("r")
    page.wait_for_function(f"{COUNT} === 4", timeout=WAIT)
    page.keyboard.press("Shift+F")
    page.wait_for_function(f"{COUNT} === 5", timeout=WAIT)
    said = page.locator(".gl-duel .last").text_content()
    assert "you said fake" in said
    page.evaluate("window.heard = []")
    page.evaluate("addEventListener('keydown', e => heard.push(e.key + e.defaultPrevented))")
    page.keyboard.press("q")
    page.keyboard.press("r")
    page.wait_for_function(f"{COUNT} === 6", timeout=WAIT)
    assert [each[0] for each in page.evaluate("heard")] == ["q"]  # r was ours alone
    assert page.locator(".jp-CodeCell").count() == 1  # and turned no cell into raw text
    page.locator(".gl-duel-again").click()
    page.wait_for_function(f"{COUNT} === 0", timeout=WAIT)
    page.locator(".jp-InputArea .cm-content").first.click()
    page.keyboard.press("End")
    page.keyboard.type("# rf")  # outside of the game the keys write
    assert page.evaluate(COUNT) == 0
    for _ in range(4):
        page.keyboard.press("Backspace")


def test_play_moves_the_focus_to_the_answers(page):
    page.locator(".gl-duel-play button").first.click()
    assert page.evaluate("document.activeElement.matches('.gl-duel-real')")
    page.keyboard.press("f")
    page.wait_for_function(f"{COUNT} >= 1", timeout=WAIT)
    page.locator(".gl-duel-play button").first.click()
    page.locator(".gl-duel-play button:visible").last.click()
    page.wait_for_function(f"{COUNT} === 0", timeout=WAIT)
    for number in range(1, 4):
        page.locator(".gl-duel-fake").click()
        page.wait_for_function(f"{COUNT} === {number}", timeout=WAIT)


def test_the_clock_answers_for_those_who_do_not(page):
    handle = page.locator(".gl-duel-seconds .noUi-handle")
    handle.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.locator(".gl-duel-play button").first.click()
    page.wait_for_function(f"{COUNT} === 4", timeout=WAIT)
    assert "nothing in time" in page.locator(".gl-duel .last").text_content()


def test_at_the_end_it_says_what_it_says_of_both(lab, page):
    page.wait_for_function(f"{COUNT} === 6", timeout=WAIT)
    page.wait_for_selector(".gl-duel .row .item")
    assert page.locator(".gl-duel .row .item").count() == 6
    assert "You differ in" in page.locator(".gl-duel .score").text_content()
    page.wait_for_selector(".gl-duel-real:disabled", timeout=WAIT)
    lab.shoot(page, "duel_end")
    assert lab.errors(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits(lab, width, dark):
    lab.photographed("duel", lab.players + CELL, width, 1000, dark)
