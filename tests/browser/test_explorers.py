"""What the base gives all explorers, in a real JupyterLab: saved notebooks, hints, two a page."""

import json

import nbformat
import pytest

CELL = (
    "import torch\nfrom gan_lessons.models import mlp\n"
    "from gan_lessons.widgets import LatentExplorer, UpsamplingExplorer\n"
    "torch.manual_seed(0)\n"
    "LatentExplorer(mlp.Generator(size=12, latent=10), view='walk')"
)
OTHER = "UpsamplingExplorer(('deconv3', 'resize-nearest'))"
# Which outputs of the first cell are seen: their words, and how many whole pictures they have.
SEEN = """() => [...document.querySelectorAll('.jp-CodeCell')].map(cell =>
    [...cell.querySelectorAll('.jp-OutputArea-child')]
    .filter(child => child.getBoundingClientRect().height > 1)
    .map(child => ({
        live: !!child.querySelector('.gl-explorer'),
        words: child.innerText.trim(),
        pictures: [...child.querySelectorAll('.jp-RenderedImage img')]
            .filter(image => image.complete && image.naturalWidth).length,
    })).filter(output => output.live || output.words || output.pictures))"""
STILL = [[{"live": False, "words": "", "pictures": 1}]] * 2


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL, OTHER], height=1600)
    page.wait_for_selector(".gl-latent .gl-card.large img", timeout=90_000)
    page.wait_for_selector(".gl-upsampling .card", timeout=90_000)
    yield page
    page.close()


@pytest.fixture(scope="module")
def saved(lab, page):
    page.wait_for_timeout(1500)  # longer than the still picture waits for a live view
    return lab.save(page)


def only_the_live_views(seen) -> bool:
    return [[output["live"] for output in cell if output["pictures"] or output["live"]]
            for cell in seen] == [[True], [True]]  # fmt: skip


def test_the_live_view_alone_is_seen(page, saved):
    assert only_the_live_views(page.evaluate(SEEN))


def test_nothing_flickers(lab):
    """From the first moment on, the still picture is never seen beside or before the view."""
    page = lab.open([CELL])
    page.evaluate(
        f"""() => {{
            window.flickered = 0;
            const look = () => {{
                const seen = ({SEEN})()[0] || [];
                if (seen.some(output => output.pictures)) window.flickered += 1;
                requestAnimationFrame(look);
            }};
            look();
        }}"""
    )
    page.wait_for_selector(".gl-latent .gl-card.large img", timeout=90_000)
    page.wait_for_timeout(1500)
    flickered = page.evaluate("window.flickered")
    page.close()
    assert flickered == 0


def test_the_file_has_the_still_pictures_and_their_words(saved):
    for cell, words in zip(
        nbformat.read(saved, as_version=4).cells,
        ("Latent explorer: ", "Upsampling explorer: "),
        strict=True,
    ):
        data = [o["data"] for o in cell.outputs if o.output_type == "display_data"]
        assert [sorted(each) for each in data] == [
            ["application/vnd.jupyter.widget-view+json", "text/plain"],
            ["text/html"],
            ["image/png", "text/plain"],
        ]
        assert data[2]["text/plain"].startswith(words)
        still = next(o for o in cell.outputs if "image/png" in o.get("data", {}))
        assert still.metadata["image/png"]["alt"] == data[2]["text/plain"]
    assert "widgets" not in nbformat.read(saved, as_version=4).metadata


def shows_the_still(lab, name: str) -> None:
    again = lab.open_file(name, run=False)
    again.wait_for_timeout(6000)  # for a kernel, which does not know the widgets
    seen = [
        [output for output in cell if "takes its place" not in output["words"]]
        for cell in again.evaluate(SEEN)
    ]
    complaint = again.get_by_text("Error displaying widget")
    complaints = [complaint.nth(i).is_visible() for i in range(complaint.count())]
    again.close()
    assert seen == STILL
    assert not any(complaints)


def test_a_saved_notebook_shows_the_still_when_its_kernel_is_gone(lab, page, saved):
    name = f"again_{saved.name}"
    (lab.folder / name).write_text(saved.read_text())  # copied: the signature holds, it is trusted
    shows_the_still(lab, name)


def test_an_untrusted_notebook_shows_the_still(lab, saved):
    notebook = json.loads(saved.read_text())
    notebook["cells"][0]["source"] += "\n# by somebody else"
    name = f"untrusted_{saved.name}"
    (lab.folder / name).write_text(json.dumps(notebook))
    shows_the_still(lab, name)


def test_a_notebook_without_a_kernel_shows_the_still(lab, saved):
    notebook = json.loads(saved.read_text())
    notebook["metadata"]["kernelspec"] = {"name": "", "display_name": "No Kernel"}
    name = f"no_kernel_{saved.name}"
    (lab.folder / name).write_text(json.dumps(notebook))
    shows_the_still(lab, name)


def test_a_page_made_of_it_shows_the_still(browser, saved, tmp_path):
    from nbconvert import HTMLExporter

    for template in ("lab", "classic"):
        made, _ = HTMLExporter(template_name=template, mathjax_url="").from_filename(str(saved))
        (tmp_path / f"{template}.html").write_text(made, encoding="utf-8")
        context = browser.new_context(offline=True)
        shown = context.new_page()
        shown.goto((tmp_path / f"{template}.html").as_uri(), wait_until="load")
        heights = shown.evaluate(
            "[...document.images].map(image => image.getBoundingClientRect().height)"
        )
        context.close()
        assert len(heights) == 2
        assert min(heights) > 100


def hint(page, root: str) -> str:
    return page.evaluate(
        f"getComputedStyle(document.querySelector('.{root} .gl-hint'), '::after').content"
    )


def test_a_control_says_what_it_is_by_mouse_and_by_keyboard(page):
    page.mouse.move(1, 1)
    assert "Point at a control" in hint(page, "gl-latent")
    page.locator(".gl-latent-position").hover()
    assert "How far the walk has come" in hint(page, "gl-latent")
    assert "Point at a control" in hint(page, "gl-upsampling")
    page.mouse.move(1, 1)
    page.locator(".gl-latent-seed input").focus()
    assert "The random seed of the latent" in hint(page, "gl-latent")
    page.keyboard.press("Tab")
    assert "Another seed" in hint(page, "gl-latent")
    titles = page.locator(".gl-explorer [title]").evaluate_all("all => all.map(e => e.title)")
    assert "null" not in titles
    assert any("How far the walk has come" in title for title in titles)


def test_a_number_says_what_it_is_by_mouse_and_by_keyboard(page):
    bubble = "e => getComputedStyle(e, '::after').content"
    number = page.locator(".gl-upsampling .card .gl-tip").first
    page.mouse.move(1, 1)
    assert number.evaluate(bubble) == "none"
    number.hover()
    assert "How unlike the four sums" in number.evaluate(bubble)
    page.mouse.move(1, 1)
    page.locator(".gl-upsampling-steps .noUi-handle").focus()
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "gl-tip":
            break
    assert "How unlike the four sums" in page.evaluate(f"({bubble})(document.activeElement)")


def test_two_explorers_in_a_page_keep_apart(page):
    """Each control's and picture's style comes from its own explorer's rules."""
    page.locator(".gl-latent-seed input").fill("7")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelector('.gl-latent .large table').textContent.includes('seed 7')"
    )
    assert page.locator(".gl-upsampling-seed input").input_value() == "0"
    classes = page.evaluate(
        """() => ['gl-latent', 'gl-upsampling'].map(root => [...new Set(
            [...document.querySelectorAll(`.${root}, .${root} *`)].flatMap(e => [...e.classList])
        )].filter(name => name.startsWith(root)))"""
    )
    assert not set(classes[0]) & set(classes[1])


def test_the_console_has_nothing_of_ours(lab, page):
    assert lab.errors(page) == []


NOTEBOOKS = {  # name: what its explorer is set to
    "first.ipynb": "DeconvExplorer(padding=1)",
    "second.ipynb": "DeconvExplorer(kernel=4, stride=3, size=3)",
}
# Of the explorer of each notebook: its output's numbers, and how many cells are lit.
EXPLORERS = """() => [...document.querySelectorAll('.jp-NotebookPanel')].map(panel => {
    const cells = [...panel.querySelectorAll('.gl-deconv rect')];
    return [
        panel.querySelector('.gl-deconv code')?.textContent,
        cells.filter(cell => +getComputedStyle(cell).getPropertyValue('--l') > 0
            || parseFloat(getComputedStyle(cell).strokeWidth) > 2).length,
    ];
})"""


def test_two_notebooks_in_a_page_keep_apart(lab):
    """In the whole JupyterLab both stand in one document: pointing in one lights nothing there."""
    lab.theme(False)
    folder = lab.folder / "two"
    folder.mkdir()
    for name, made in NOTEBOOKS.items():
        cell = nbformat.v4.new_code_cell(f"from gan_lessons.widgets import DeconvExplorer\n{made}")
        notebook = nbformat.v4.new_notebook(
            cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        )
        nbformat.write(notebook, folder / name)
    page = lab.browser.new_page(viewport={"width": 1300, "height": 1000})
    try:
        page.goto(lab.address("lab/workspaces/two/tree/two/first.ipynb"))
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=90_000)
        page.dblclick(".jp-DirListing-item:has-text('second.ipynb')")
        page.wait_for_function(
            "document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell').length === 2",
            timeout=30_000,
        )
        for name in NOTEBOOKS:
            page.click(f".lm-DockPanel-tabBar .lm-TabBar-tab:has-text('{name}')")
            panel = ".jp-NotebookPanel:not(.lm-mod-hidden)"
            idle = f"{panel} .jp-Notebook-ExecutionIndicator[data-status='idle']"
            page.wait_for_selector(idle, timeout=90_000)  # its kernel is there
            page.click(".lm-MenuBar-itemLabel >> text=/^Run$/")
            page.click(".lm-Menu-itemLabel >> text=/^Run All Cells$/")
            shown = page.locator(f"{panel} .gl-deconv .panels")
            shown.wait_for(state="visible", timeout=90_000)
        cell = shown.locator("figure", has_text="input x").locator("rect").first
        cell.hover()
        found = dict(page.evaluate(EXPLORERS))
        assert len(found) == 2
        (first, lit_first), (second, lit_second) = found.items()
        assert ("kernel_size=3" in first, "kernel_size=4" in second) == (True, True)
        assert lit_first == 0
        assert lit_second > 1
    finally:
        page.close()
        for name in NOTEBOOKS:
            lab._end_kernel(f"two/{name}")


LAB = """
from gan_lessons.widgets import GanLab
labs = globals().get("labs", [])
labs.append(GanLab())
labs[-1]
"""
TURNS = "print('turns', [lab.match.turns for lab in labs])"
ICON = ".gl-lab-play button i.fa-play"


def turns(page) -> list[int]:
    """Runs all cells again; what each lab so far has played."""
    told = page.locator(".jp-OutputArea-output pre", has_text="turns [")
    page.evaluate("document.querySelectorAll('.jp-OutputArea-output pre').forEach(e => e.remove())")
    page.click(".lm-MenuBar-itemLabel >> text=/^Run$/")
    page.click(".lm-Menu-itemLabel >> text=/^Run All Cells$/")
    told.wait_for(timeout=60_000)
    return json.loads(told.inner_text().removeprefix("turns "))


def test_play_is_stopped_where_its_page_is_gone(lab):
    """In a page that is loaded again, and where the cell ran again: nothing plays on unseen."""
    page = lab.open([LAB, TURNS])
    play = page.locator(".gl-lab-play button").first
    play.click(timeout=90_000)
    page.wait_for_selector(ICON, state="detached", timeout=20_000)
    first, second = turns(page)
    assert first > 0
    assert second == 0
    page.wait_for_selector(ICON, timeout=20_000)
    assert turns(page)[0] == first
    play.click()
    page.wait_for_selector(ICON, state="detached", timeout=20_000)
    lab.save(page)
    page.reload()
    page.wait_for_selector(ICON, timeout=60_000)
    play.click()
    page.wait_for_selector(ICON, state="detached", timeout=20_000)
    page.wait_for_function(
        "+document.querySelector('.gl-lab table b').textContent > 20", timeout=20_000
    )
    turns(page)
    assert not [message for message in lab.errors(page) if "Comm not found" in message]
    page.close()


CHART = """from gan_lessons import plots
figure, axis = plots.figure(4, 2)
axis.plot([1, 3, 2])
plots.picture(figure, "a chart")"""


def test_a_chart_is_as_dark_as_its_page(lab):
    cells = [CHART, "from gan_lessons.widgets import DeconvExplorer\nDeconvExplorer(size=3)"]
    page = lab.open(cells, dark=True)
    page.wait_for_selector(".gl-deconv svg", timeout=90_000)
    look = "getComputedStyle(document.querySelector('.jp-RenderedImage img')).filter"
    page.wait_for_function(f"{look}.startsWith('invert')", timeout=20_000)
    lab.turn(page, dark=False)
    page.wait_for_function(f"{look} === 'none'", timeout=20_000)
    page.close()
