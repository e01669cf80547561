"""Every notebook in a real JupyterLab: opened as stored, run from the top, and looked over.

They run on glyphs, so that what they assert is seen to hold there too; nbval runs them on MNIST.
"""

from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "runs" / "browser"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = sorted(path for path in (ROOT / "docs").rglob("*") if path.is_file())
RUN_MS = 600_000
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# The stored numbers of cells are there from the start: what has begun to run has a star.
RUNNING = """() => [...document.querySelectorAll('.jp-Notebook .jp-InputPrompt')]
    .some(prompt => prompt.textContent.includes('*'))"""
# All cells have a number, or one has failed: then those after it never get theirs.
DONE = """() => {
    const cells = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')];
    const prompts = cells.map(cell => cell.querySelector('.jp-InputPrompt').textContent);
    return prompts.some(text => /\\d/.test(text)) && !prompts.some(text => text.includes('*'));
}"""
# What a reader would be troubled by: the number of the cell, and what it is.
TROUBLE = """() => {
    const found = [];
    document.querySelectorAll('.jp-Notebook .jp-Cell').forEach((cell, i) => {
        const say = words => found.push(`cell ${i}: ${words}`);
        const code = cell.matches('.jp-CodeCell');
        const prompt = code ? cell.querySelector('.jp-InputPrompt').textContent : '';
        const source = cell.querySelector('.cm-content');  // folded, it has none, and no number
        if (code && source && source.textContent.trim() && !/\\d/.test(prompt))
            say('was not run');
        for (const output of cell.querySelectorAll('.jp-OutputArea-output')) {
            const type = output.getAttribute('data-mime-type') || '';
            const words = output.textContent.trim();
            if (type.endsWith('.error') || type.endsWith('.stderr') || /Traceback/.test(words))
                say(`complains: ${words.slice(0, 300)}`);
            if (/Error displaying widget|Loading widget|Error creating widget/.test(words))
                say(`its widget is not shown: ${words.slice(0, 100)}`);
        }
        for (const image of cell.querySelectorAll('img'))
            if (!(image.complete && image.naturalWidth)) say(`a broken image: ${image.alt}`);
        for (const error of cell.querySelectorAll('mjx-merror, [style*="color: red"]'))
            say(`mathematics that cannot be read: ${error.textContent.slice(0, 100)}`);
    });
    return found;
}"""


def widgets_stored(path: Path) -> int:
    """How many of a notebook's outputs are widgets, as it is stored."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return sum(WIDGET_VIEW in output.get("data", {}) for output in outputs)


@pytest.fixture(scope="module")
def stored(lab, on_glyphs) -> None:
    """The notebooks, each with a cell before it that puts glyphs in place of other data."""
    lab.store(*NOTEBOOKS, *PICTURES)
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.insert(0, nbformat.v4.new_code_cell(on_glyphs))
        nbformat.write(notebook, lab.folder / path.relative_to(ROOT))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.usefixtures("stored")
def test_a_notebook_runs(lab, path):
    page = lab.open_file(path.relative_to(ROOT).as_posix())
    page.wait_for_function(RUNNING, timeout=30_000)
    page.wait_for_function(DONE, timeout=RUN_MS)
    page.wait_for_timeout(1000)  # for the last widgets to be drawn
    shown = page.locator(".jp-OutputArea-output:has(.jupyter-widgets)").count()
    trouble = page.evaluate(TROUBLE) + lab.errors(page)
    page.close()
    assert trouble == []
    assert shown == widgets_stored(path)


PLANTED = {
    "raise ValueError('planted')": "complains: ",
    "import warnings; warnings.warn('planted')": "complains: ",
    'from IPython.display import HTML; HTML(\'<img src="planted.png" alt="planted">\')': (
        "a broken image: planted"
    ),
    "from IPython.display import Markdown; Markdown(r'$\\left( 1$')": (
        "mathematics that cannot be read"
    ),
}


def test_what_troubles_a_reader_is_found(lab):
    wrong = list(PLANTED)
    page = lab.open(["1 + 1", *wrong[1:], wrong[0], "1 + 2"])
    page.wait_for_function(DONE, timeout=RUN_MS)
    page.wait_for_timeout(1500)
    page.evaluate("console.error('planted in the console')")
    trouble = page.evaluate(TROUBLE)
    console = lab.errors(page)
    page.close()
    expected = [*list(PLANTED.values())[1:], PLANTED[wrong[0]], "was not run"]
    for number, words in enumerate(expected, 1):
        assert any(each.startswith(f"cell {number}: {words}") for each in trouble), (words, trouble)
    assert not any(each.startswith("cell 0") for each in trouble)
    assert any("planted in the console" in each for each in console)
