"""The view and its neighbours as HTML, and as a still picture: pure functions."""

from html import escape

from matplotlib.patches import Rectangle
from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.cells import number
from gan_lessons.widgets.latent_explorer.settings import (
    FARTHEST,
    FRAMES,
    SIDE,
    STEPS,
    STRIP,
    LatentSettings,
)
from gan_lessons.widgets.latent_explorer.view import LatentView, Neighbours, typical

CHART = (300, 74)
BESIDE = {
    "directions": "beside it what each principal direction does alone, from −3 to 3",
    "walk": "beside it pictures at equal steps of the walk",
    "grid": "beside it the grid between four corners",
}
Classes = tuple[str, ...]  # the names of the labels
# A click on a picture types its number into the slider that stands for it: widgets have no event
# for a click in HTML. Without a slider, as in a page with no kernel, nothing happens.
PICK = (
    "const box=this.getBoundingClientRect(),"
    "typed=this.closest('.gl-latent').querySelector('.gl-latent-{control} .widget-readout');"
    "if(typed){{typed.textContent={first}+{step}*Math.floor("
    "Math.min(.999,(event.clientX-box.x)/box.width)*{count});"
    "typed.dispatchEvent(new KeyboardEvent('keydown',{{keyCode:13,bubbles:true}}))}}"
)


def marks(settings: LatentSettings) -> str:
    """Where the marks in the pictures stand, as variables of a style."""
    at = {f"d{i}": (s + FARTHEST) / STRIP for i, s in enumerate(settings.shifts)}
    at |= {
        "at": settings.position / STEPS,
        "row": (settings.row - 1) / SIDE,
        "column": (settings.column - 1) / SIDE,
    }
    return ";".join(f"--{name}:{value:.4f}" for name, value in at.items())


def large_html(view: LatentView, classes: Classes = (), *, scope: str = "") -> str:
    """The large picture and its numbers. scope: the class whose marks it moves."""
    count = view.z.numel()
    rows = [
        (
            kit.tip("|z|", "The length of the latent: far from typical, pictures get worse."),
            f"<b class='norm'>{view.norm:.2f}</b>",
        ),
        (
            kit.tip("a typical |z|", "Random latents of this many numbers are about this long."),
            f"√{count} = {typical(count):.2f}",
        ),
        (kit.tip("view", "Where the latent comes from, and how it was moved."), where(view)),
    ]
    if classes:
        label = kit.tip("label", "The class that the generator is asked for.")
        rows.append((label, escape(classes[view.settings.label])))
    numbers = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    moved = f"<style>.{scope}{{{marks(view.settings)}}}</style>" if scope else ""
    return (
        f"<div class='gl-card large'>{moved}{kit.to_img(view.picture, alt_text(view, classes))}"
        f"<div class='gl-tips'><table>{numbers}</table></div></div>"
    )


def page_html(
    view: LatentView, beside: Neighbours, shares: list[float], classes: Classes = ()
) -> str:
    """The large picture with its neighbours, as one page."""
    if view.settings.view == "directions":
        parts = "".join(strip_html(beside, i, share) for i, share in enumerate(shares))
    elif view.settings.view == "walk":
        parts = walk_html(beside)
    else:
        above, below = corners(view.settings)
        parts = above + grid_html(beside) + below
    return (
        f"<div class='both' style='{marks(view.settings)}'>{large_html(view, classes)}"
        f"<div class='beside'>{parts}</div></div>"
    )


def strip_html(beside: Neighbours, i: int, share: float) -> str:
    """What a direction alone does."""
    words = f"Direction {i + 1} alone, from −3 to 3 standard deviations"
    numbers = "".join(f"<span>{number(s)}</span>" for s in range(-3, 4)) if i == 0 else ""
    says = kit.tip(
        f"{100 * share:.1f} % of the first layer's spread",
        "How much of the variance of the first layer's output comes from this direction alone.",
        focus=i == 0,
    )
    return (
        "<div class='gl-card strip'>"
        + (f"<div class='row'>{numbers}</div>" if numbers else "")
        + _sheet(
            beside.pictures[i : i + 1],
            words,
            f"left:calc(100%*var(--d{i}));top:0",
            _pick(f"direction{i + 1}", STRIP, -int(FARTHEST), 1),
        )
        + f"<div class='muted gl-tips'>{says}</div></div>"
    )


def walk_html(beside: Neighbours) -> str:
    """The walk's pictures, how far it is from each to the next, and |z| all the way."""
    frames = beside.pictures.shape[1]
    gaps = "".join(f"<span>{distance:.2f}</span>" for distance in beside.distances)
    place = f"left:calc(100%*var(--at)*{frames - 1}/{frames});top:0"
    middle = min(beside.norms)
    usual = ends_of(beside)
    low, high = 0.94 * min(middle, usual), 1.06 * max(*beside.norms, usual)
    width, height = CHART

    def at(step: int, value: float) -> str:
        return f"{width * step / STEPS:.1f},{height * (high - value) / (high - low):.1f}"

    level = f"{height * (high - usual) / (high - low):.1f}"
    line = " ".join(at(step, value) for step, value in enumerate(beside.norms))
    start, end = beside.norms[0], beside.norms[-1]
    words = f"|z| along the walk, from {start:.2f} over {middle:.2f} to {end:.2f}"
    says = kit.tip(
        "between neighbours",
        "How different two pictures side by side are: equal numbers mean an even walk.",
    )
    lengths = kit.tip("|z| along the walk", "Where it sinks, latents are unlike random ones.")
    settings = beside.settings
    ends = _ends(f"seed {settings.seed}", f"{settings.path} walk", f"seed {settings.towards}")
    numbers = "".join(f"<span>{i}</span>" for i in range(1, frames + 1))
    pick = _pick("position", frames, 0, STEPS // (frames - 1))
    return (
        f"<div class='gl-card walk'>{ends}"
        + _sheet(beside.pictures, f"{frames} pictures of the walk", place, pick)
        + f"<div class='row'>{numbers}</div>"
        + f"<div class='row gaps'>{gaps}</div>"
        + f"<p class='muted gl-tips'>{says}: the pictures' distance (root mean square, pixels "
        f"in [−1, 1]); in z it is {_range(beside.z_distances)}</p>"
        f"<div class='chart'><svg viewBox='0 0 {width} {height}' preserveAspectRatio='none' "
        f"role='img' aria-label='{words}'><line x1='0' x2='{width}' y1='{level}' y2='{level}'/>"
        f"<polyline points='{line}'/></svg><b></b></div>"
        f"<p class='muted gl-tips'>{lengths}: {start:.2f} at its start, at least "
        f"{middle:.2f}, {end:.2f} at its end; dashed: the mean of both ends</p></div>"
    )


def grid_html(beside: Neighbours) -> str:
    """The grid between four corners."""
    words = f"{SIDE} × {SIDE} pictures between four corners"
    place = "left:calc(100%*var(--column));top:calc(100%*var(--row))"
    return f"<div class='gl-card cells'>{_sheet(beside.pictures, words, place)}</div>"


def corners(settings: LatentSettings) -> tuple[str, str]:
    """What stands over the grid and under it: whose latents its corners are."""
    left, right = f"seed {settings.seed}", f"seed {settings.towards}"
    return _ends(left, right), _ends(f"{left}, second latent", f"{right}, second latent")


def place(position: int) -> str:
    """Where on the walk a position is, by the pictures that are shown of it."""
    each = STEPS // (FRAMES - 1)
    before, further = divmod(position, each)
    if not further:
        return f"picture {before + 1} of {FRAMES}"
    return f"{further}/{each} from picture {before + 1} to {before + 2}"


def ends_of(beside: Neighbours) -> float:
    """The dashed line of a walk: the mean of the lengths of its ends."""
    return (beside.norms[0] + beside.norms[-1]) / 2


def where(view: LatentView) -> str:
    """Where the latent stands, in words."""
    s = view.settings
    ends = f"from seed {s.seed} to {s.towards}"
    starts = {
        "seed": f"seed {s.seed}",
        "walk": f"{s.path} walk {ends}, {place(s.position)}",
        "grid": f"grid of seeds {s.seed} and {s.towards}, row {s.row}, column {s.column}",
    }
    if s.view != "directions":
        return starts[s.view]
    moved = [f"{i + 1}: {number(v)}" for i, v in enumerate(s.shifts) if v]
    return f"{starts[s.origin]}; " + ("moved along " + ", ".join(moved) if moved else "not moved")


def alt_text(view: LatentView, classes: Classes = ()) -> str:
    """What the large picture is, for those who cannot see it."""
    label = f", label {classes[view.settings.label]}" if classes else ""
    return f"Latent explorer: a generated picture, {where(view)}{label}"


def still_alt_text(view: LatentView, classes: Classes = ()) -> str:
    """What the still picture shows."""
    return f"{alt_text(view, classes)}, |z| {view.norm:.2f}; {BESIDE[view.settings.view]}"


def to_picture(view: LatentView, beside: Neighbours, classes: Classes = ()) -> plots.Picture:
    """The large picture at the left, the others at the right."""
    settings = view.settings
    rows, columns, _, height, width = beside.pictures.shape
    drawn, (left, right) = plots.figure(8.8, 3.6, columns=2, width_ratios=[1, 1.75])
    for axis in (left, right):
        axis.grid(False)
        for spine in axis.spines.values():
            spine.set_visible(False)
        axis.tick_params(length=0)
    left.imshow(plots.sheet(view.picture, scale=1, gap=0, clip=True), interpolation="nearest")
    left.set(xticks=[], yticks=[], xlabel=f"|z| = {view.norm:.2f}")
    plots.title(left, f"seed {settings.seed}")
    whole = plots.sheet(beside.pictures.flatten(0, 1), columns, scale=1, gap=1, clip=True)
    right.imshow(whole, interpolation="nearest")
    across, down = width + 1, height + 1
    titles = {
        "directions": "What each direction does alone",
        "walk": f"A {settings.path} walk to seed {settings.towards}",
        "grid": "Between four corners",
    }
    plots.title(right, titles[settings.view])
    right.set(xticks=[], yticks=[])
    if settings.view == "directions":
        right.set_xticks([i * across + width / 2 for i in range(columns)])
        right.set_xticklabels([number(i - FARTHEST) for i in range(columns)])
        right.set_xlabel("standard deviations")
        right.set_yticks([i * down + height / 2 for i in range(rows)])
        right.set_yticklabels([str(i + 1) for i in range(rows)])
        marked = [(shift + FARTHEST, float(i)) for i, shift in enumerate(settings.shifts)]
    elif settings.view == "walk":
        gaps = ", ".join(f"{distance:.2f}" for distance in beside.distances)
        right.set_xlabel(f"distances between neighbours: {gaps}")
        marked = [((columns - 1) * settings.position / STEPS, 0.0)]
    else:
        right.set_xlabel(
            f"left corners: seed {settings.seed}; right: seed {settings.towards}; "
            "below: the second latent of each"
        )
        marked = [(settings.column - 1.0, settings.row - 1.0)]
    for x, y in marked:
        corner = (x * across - 0.5, y * down - 0.5)
        edge = kit.PALETTE["lit"][0]
        right.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=edge, linewidth=1.6))
    return plots.picture(drawn, still_alt_text(view, classes))


def _pick(control: str, count: int, first: int, step: int) -> str:
    """What makes pictures side by side choose `first`, `first + step`, … of a slider."""
    act = PICK.format(control=control, count=count, first=first, step=step)
    return f' title="Click a picture to go there" onclick="{act}"'


def _ends(*words: str) -> str:
    """Words at the left, in the middle and at the right of pictures."""
    return f"<div class='ends'>{''.join(f'<span>{each}</span>' for each in words)}</div>"


def _sheet(pictures: Tensor, words: str, place: str, pick: str = "") -> str:
    rows, columns = pictures.shape[:2]
    return (
        f"<div class='sheet' style='--rows:{rows};--columns:{columns}'{pick}>"
        f"{kit.to_img(pictures.flatten(0, 1), words, columns)}<i></i><b style='{place}'></b></div>"
    )


def _range(values: tuple[float, ...]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"
