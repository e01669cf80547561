"""SteeringExplorer in a real JupyterLab: by mouse and keyboard, against the model."""

import pytest
import torch

from gan_lessons import models
from gan_lessons.metrics import FeatureNet
from gan_lessons.widgets.steering_explorer import page as pages
from gan_lessons.widgets.steering_explorer.model import Steered, view_of
from gan_lessons.widgets.steering_explorer.settings import SteeringSettings

CELL = """import torch
from gan_lessons import models
from gan_lessons.metrics import FeatureNet
from gan_lessons.widgets import SteeringExplorer
torch.manual_seed(0)
generator = models.mlp.Generator(size=16, width=32, latent=16, classes=10)
for parameter in generator.parameters():
    parameter.data.mul_(3)
SteeringExplorer(generator, FeatureNet(16, 1, 10).eval(), asked=3, other=8, mix=0.4)"""
WAIT = 20_000
ROWS = (
    "[...document.querySelectorAll('.gl-steering table tr')].map(row => "
    "[...row.querySelectorAll('td')].map(each => each.textContent))"
)


@pytest.fixture(scope="module")
def source() -> Steered:
    torch.manual_seed(0)
    generator = models.mlp.Generator(size=16, width=32, latent=16, classes=10)
    for parameter in generator.parameters():
        parameter.data.mul_(3)  # else all pictures are grey, and all numbers alike
    return Steered(generator, FeatureNet(16, 1, 10).eval())


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL], height=1000)
    page.wait_for_selector(".gl-steering .way img", timeout=90_000)
    yield page
    page.close()


def shows(page, source: Steered, **settings) -> None:
    """Waits until the page's words and numbers are those of the model."""
    view = view_of(source, SteeringSettings(**({"asked": 3, "other": 8} | settings)))
    expected = [[name, value] for name, value, _ in pages.table(view)]
    page.wait_for_function(
        f"rows => JSON.stringify({ROWS}) === JSON.stringify(rows)", arg=expected, timeout=WAIT
    )
    words = f"{pages.asked(view)}, 24 styles"
    page.wait_for_function(
        "words => [...document.querySelectorAll('.gl-steering p')].some(p => "
        "p.textContent.toLowerCase() === words.toLowerCase())",
        arg=words,
        timeout=WAIT,
    )


def test_keys_and_menus_steer(page, source):
    shows(page, source, mix=0.4)
    page.locator(".gl-steering-mix .noUi-handle").focus()
    for _ in range(4):  # without waiting: none is lost
        page.keyboard.press("ArrowRight")
    shows(page, source, mix=0.6)
    page.locator(".gl-steering-asked select").select_option(label="5")
    shows(page, source, asked=5, mix=0.6)
    page.locator(".gl-steering-truncation .noUi-handle").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    shows(page, source, asked=5, mix=0.6, truncation=2.5)


def test_new_styles_are_another_seed(page):
    before = page.locator(".gl-steering .gl-card img").nth(1).get_attribute("src")
    page.locator(".gl-steering-new").click()
    page.wait_for_function(
        "before => document.querySelectorAll('.gl-steering .gl-card img')[1].src !== before",
        arg=before,
        timeout=WAIT,
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits_and_can_be_read(lab, width, dark):
    page = lab.photographed(
        "steering", CELL, width, 1500 if width < 500 else 900, dark, ready=".way img"
    )
    for image in page.locator(".gl-steering img").all():
        assert image.bounding_box()["width"] > 250
    page.close()
