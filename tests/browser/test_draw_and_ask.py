"""DrawAndAsk in a real JupyterLab: a stroke by the mouse moves the logit; it fits."""

import pytest

CELL = """from gan_lessons.widgets import DrawAndAsk
DrawAndAsk(trainer.discriminator, real, fake)"""
CHANGES = "document.querySelectorAll('.gl-ask .gl-chart circle').length"
WAIT = 20_000


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([lab.players + CELL], height=1000)
    page.wait_for_selector(".gl-ask img", timeout=90_000)
    yield page
    page.close()


def test_an_empty_pad_says_what_to_do(page):
    assert "drag with the mouse or a finger" in page.locator(".gl-ask .drawing").text_content()


def test_a_stroke_is_drawn_and_asked_about(lab, page):
    before = page.locator(".gl-ask img").get_attribute("src")
    box = page.locator(".gl-ask .drawing").bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 40)
    page.mouse.down()
    for down in range(50, 250, 10):
        page.mouse.move(middle, box["y"] + down)
        page.wait_for_timeout(20)
    page.mouse.up()
    page.wait_for_function(f"{CHANGES} > 2", timeout=WAIT)
    assert page.locator(".gl-ask img").get_attribute("src") != before
    assert page.locator(".gl-ask .drawing p").count() == 0
    after = page.locator(".gl-ask .drawing").bounding_box()
    assert after == box  # nothing is pushed away
    lab.shoot(page, "ask_drawn")


def test_a_real_picture_can_be_changed_and_cleared(lab, page):
    page.locator(".gl-ask-real").click()
    page.wait_for_function(f"{CHANGES} === 1", timeout=WAIT)
    page.locator(".gl-ask-clear").click()
    page.wait_for_selector(".gl-ask .drawing p", timeout=WAIT)
    assert lab.errors(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits(lab, width, dark):
    lab.photographed("ask", lab.players + CELL, width, 1000, dark)
