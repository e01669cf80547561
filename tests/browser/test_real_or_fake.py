"""RealOrFake in a real JupyterLab: buttons, clock, end, and that it fits."""

import pytest

CELL = """from gan_lessons.widgets import RealOrFake
RealOrFake(trainer.discriminator, real, fake, rounds=6)"""
COUNT = "+/of (\\d+)/.exec(document.querySelector('.gl-duel .score td + td').textContent)[1]"
WAIT = 20_000


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([lab.players + CELL], height=1000)
    page.wait_for_selector(".gl-duel .question img", timeout=90_000)
    yield page
    page.close()


def test_each_answer_brings_the_next_and_is_judged(page):
    for number in range(1, 4):
        page.locator(".gl-duel-real" if number % 2 else ".gl-duel-fake").click()
        page.wait_for_function(f"{COUNT} === {number}", timeout=WAIT)
        assert f"{number + 1} of 6" in page.locator(".gl-duel .question p").text_content()
        assert "It was" in page.locator(".gl-duel .last").text_content()


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
    assert page.locator(".gl-duel-real").is_disabled()
    lab.shoot(page, "duel_end")
    assert lab.errors(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits(lab, width, dark):
    lab.photographed("duel", lab.players + CELL, width, 1000, dark)
