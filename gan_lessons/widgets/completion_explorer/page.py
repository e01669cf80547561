"""The hole and its completions, as HTML and as a still picture: pure functions of the view."""

import torch

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.completion_explorer.model import CompletionView
from gan_lessons.widgets.completion_explorer.settings import CELL, WAYS

COLUMNS = 4  # of the completions
HINT = "paint here: drag with mouse or finger"
# A click on a completion presses its button, which is out of sight: HTML has no event of widgets.
# Without a kernel there are none, and nothing happens.
_CHOOSE = (
    "const box=this.getBoundingClientRect(),"
    "at=(where,from,size,n)=>Math.floor(Math.min(.999,(where-from)/size)*n);"
    "this.closest('.gl-completion').querySelectorAll('.gl-choices button')["
    f"at(event.clientX,box.x,box.width,{COLUMNS})"
    f"+{COLUMNS}*at(event.clientY,box.y,box.height,{WAYS // COLUMNS})]?.click()"
)


def large_html(view: CompletionView) -> str:
    """The chosen completion, with the edge of the hole drawn over it, and the cells to paint."""
    size = view.mask.shape[-1]
    edges = "".join(
        f"M{x1} {y1}L{x2} {y2}" for x1, y1, x2, y2 in outline(view.mask[0].bool().tolist())
    )
    return (
        f"<div class='large'>{kit.to_img(view.chosen[None], alt_text(view))}"
        f"<svg viewBox='0 0 {size} {size}' aria-hidden='true'>{cells_svg(view)}"
        f"<path d='{edges}'/></svg></div>"
    )


def cells_svg(view: CompletionView) -> str:
    """The grid of a free mask, and while it is empty, how to paint."""
    if view.settings.mode != "free":
        return ""
    size = view.mask.shape[-1]
    lines = "".join(f"M{at} 0V{size}M0 {at}H{size}" for at in range(CELL, size, CELL))
    place = f"x='{size / 2:g}' y='{CELL / 2:g}' style='font-size:{size / 29:.2f}px'"
    hint = f"<text {place}>{HINT}</text>"
    return f"<path class='grid' d='{lines}'/>{'' if view.settings.cells else hint}"


def outline(mask: list[list[bool]]) -> list[tuple[int, int, int, int]]:
    """The edges between hole and surroundings as lines (x, y, x, y), in pixels."""
    size, lines = len(mask), []
    for i in range(size):
        for j in range(size):
            if not mask[i][j]:
                continue
            if i == 0 or not mask[i - 1][j]:
                lines.append((j, i, j + 1, i))
            if i == size - 1 or not mask[i + 1][j]:
                lines.append((j, i + 1, j + 1, i + 1))
            if j == 0 or not mask[i][j - 1]:
                lines.append((j, i, j, i + 1))
            if j == size - 1 or not mask[i][j + 1]:
                lines.append((j + 1, i, j + 1, i + 1))
    return lines


def beside_html(view: CompletionView) -> str:
    """What the network sees, the truth, all completions, and the numbers."""
    pair = torch.stack([view.truth * (1 - view.mask), view.truth])
    seen = kit.to_img(pair, "What the network sees, and the whole picture", 2, gap=1)
    way = view.settings.way - 1
    mark = f"left:calc({way % COLUMNS}*25%);top:calc({way // COLUMNS}*50%)"
    ways = kit.to_img(view.ways, f"{WAYS} completions", COLUMNS)
    rows = "".join(
        f"<tr><td>{kit.tip(name, tip)}</td><td><b>{value}</b></td></tr>"
        for name, value, tip in table(view)
    )
    return (
        f"<div class='gl-card'><div class='pictures'><div><p>seen, and the truth</p>{seen}</div>"
        f"<div><p>{WAYS} completions</p>"
        f"<div class='ways' title='Click one to see it large' onclick=\"{_CHOOSE}\">"
        f"{ways}<b style='{mark}'></b></div></div>"
        f"</div><table class='gl-tips'>{rows}</table></div>"
    )


def table(view: CompletionView) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each number."""
    rows = [
        ("hole", f"{view.share:.0%} of the picture", "The larger, the more it must invent."),
        ("PSNR in the hole", _decibels(view.hole), "Of the large completion, against the truth."),
        ("in the whole", _decibels(view.whole), "The copied surroundings have no error."),
        (
            "spread",
            kit.fixed(view.spread, 3),
            "The standard deviation of a pixel in the hole over the completions.",
        ),
    ]
    if view.read is not None:
        counts = ", ".join(
            f"{label} ({'once' if n == 1 else f'{n} times'})" for label, n in view.counts
        )
        tip = "What a classifier reads in the completions, by the number of the class."
        rows.append(("read as", counts, tip))
        rows.append(("truth read as", str(view.true), "The same for the whole picture."))
    return rows


def _decibels(value: float | None) -> str:
    return "–" if value is None else f"{kit.fixed(value, 1)} dB"


def to_html(view: CompletionView) -> str:
    """Both, as one page."""
    return f"<div class='both'>{large_html(view)}{beside_html(view)}</div>"


def to_picture(view: CompletionView) -> plots.Picture:
    """What is seen, the chosen completion, the truth and all completions."""
    drawn, axes = plots.figure(8.4, 2.6, columns=4, width_ratios=[1, 1, 1, 2])
    parts = (
        ("seen", (view.truth * (1 - view.mask))[None], 1),
        (f"completion {view.settings.way}", view.chosen[None], 1),
        ("truth", view.truth[None], 1),
        (f"{WAYS} completions", view.ways, COLUMNS),
    )
    for axis, (words, pictures, columns) in zip(axes, parts, strict=True):
        axis.imshow(plots.sheet(pictures, columns, scale=1, gap=1, clip=True))
        axis.axis("off")
        plots.title(axis, words)
    numbers = [f"{name} {value}" for name, value, _ in table(view)]
    lines = filter(None, (", ".join(numbers[:4]), ", ".join(numbers[4:])))
    drawn.supxlabel("\n".join(lines), fontsize=9)
    return plots.picture(drawn, alt_text(view))


def alt_text(view: CompletionView) -> str:
    """What is shown, for those who cannot see it."""
    numbers = ", ".join(f"{name} {value}" for name, value, _ in table(view))
    s = view.settings
    return f"Completion explorer: picture {s.picture}, completion {s.way} of {WAYS}: {numbers}"
