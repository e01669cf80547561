"""MetricExplorer in a real JupyterLab: by mouse and keyboard, against the model."""

import pytest

from gan_lessons.widgets.metric_explorer import page as pages
from gan_lessons.widgets.metric_explorer.settings import PRESETS, MetricSettings
from gan_lessons.widgets.presets import OWN

CELL = "from gan_lessons.widgets import MetricExplorer\nexplorer = MetricExplorer()\nexplorer"
WAIT = 20_000
ROWS = (
    "[...document.querySelectorAll('.gl-metric table tr')].slice(1).map(row => "
    "[...row.querySelectorAll('td')].map(each => each.textContent))"
)


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL], height=1000)
    page.wait_for_selector(".gl-metric .gl-diagram", timeout=90_000)
    yield page
    page.close()


def choose(page, name: str, option: str) -> None:
    page.locator(f".gl-metric-{name} select").select_option(label=option)


def shows(page, settings: MetricSettings) -> None:
    """Waits until the page's numbers are those of the model."""
    expected = [list(row[:4]) for row in pages.table(settings)]
    page.wait_for_function(
        f"rows => JSON.stringify({ROWS}) === JSON.stringify(rows)", arg=expected, timeout=WAIT
    )


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_shows_what_the_model_computes(page, name):
    choose(page, "preset", name)
    settings, watch = PRESETS[name]
    shows(page, MetricSettings(name, **settings))
    page.wait_for_function(
        "watch => document.querySelector('.gl-metric .watch').textContent === watch",
        arg=watch,
        timeout=WAIT,
    )
    dots = page.locator(".gl-metric .gl-diagram path.fake, .gl-metric .gl-diagram .fake.dots")
    assert dots.count() > 0


def test_keys_move_the_fakes_and_every_number(page):
    for name in ("shrunk", "nothing wrong"):  # a choice that is made already is unheard
        choose(page, "preset", name)
        started = MetricSettings(name, **PRESETS[name][0])
        shows(page, started)
    page.locator(".gl-metric-shift .noUi-handle").focus()
    for _ in range(5):  # without waiting: none is lost
        page.keyboard.press("ArrowRight")
    shows(page, MetricSettings(shift=0.5))
    assert page.locator(".gl-metric-preset select").input_value() == OWN


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits_and_can_be_read(lab, width, dark):
    cell = CELL.replace("MetricExplorer()", "MetricExplorer('half of the modes')")
    lab.fitting("metric", cell, width, 1500 if width < 500 else 900, dark).close()
