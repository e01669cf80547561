"""A look and its sheet as a still picture, for viewers with no kernel."""

from matplotlib.patches import Rectangle

from gan_lessons import plots
from gan_lessons.widgets.cells import PALETTE, number
from gan_lessons.widgets.latent_explorer.look import Look, Sheet
from gan_lessons.widgets.latent_explorer.pages import alt_text
from gan_lessons.widgets.latent_explorer.setting import FARTHEST, STEPS

BESIDE = {
    "directions": "beside it what each principal direction does alone, from −3 to 3",
    "walk": "beside it pictures at equal steps of the walk",
    "grid": "beside it the grid between four corners",
}


def words(look: Look, classes: tuple[str, ...] = ()) -> str:
    """What the still picture shows."""
    return f"{alt_text(look, classes)}, |z| {look.norm:.2f}; {BESIDE[look.setting.view]}"


def to_picture(look: Look, sheet: Sheet, classes: tuple[str, ...] = ()) -> plots.Picture:
    """The large picture at the left, the others at the right."""
    setting = look.setting
    rows, columns, _, height, width = sheet.pictures.shape
    drawn, (left, right) = plots.figure(8.8, 3.6, columns=2, width_ratios=[1, 1.75])
    for axis in (left, right):
        axis.grid(False)
        for spine in axis.spines.values():
            spine.set_visible(False)
        axis.tick_params(length=0)
    left.imshow(plots.sheet(look.picture, scale=1, gap=0), interpolation="nearest")
    left.set(xticks=[], yticks=[], xlabel=f"|z| = {look.norm:.2f}")
    plots.title(left, f"seed {setting.seed}")
    whole = plots.sheet(sheet.pictures.flatten(0, 1), columns, scale=1, gap=1)
    right.imshow(whole, interpolation="nearest")
    across, down = width + 1, height + 1
    titles = {
        "directions": "What each direction does alone",
        "walk": f"A {setting.path} walk to seed {setting.towards}",
        "grid": "Between four corners",
    }
    plots.title(right, titles[setting.view])
    right.set(xticks=[], yticks=[])
    if setting.view == "directions":
        right.set_xticks([i * across + width / 2 for i in range(columns)])
        right.set_xticklabels([number(i - FARTHEST) for i in range(columns)])
        right.set_xlabel("standard deviations")
        right.set_yticks([i * down + height / 2 for i in range(rows)])
        right.set_yticklabels([str(i + 1) for i in range(rows)])
        places = [(shift + FARTHEST, float(i)) for i, shift in enumerate(setting.shifts)]
    elif setting.view == "walk":
        gaps = ", ".join(f"{distance:.2f}" for distance in sheet.distances)
        right.set_xlabel(f"distances between neighbours: {gaps}")
        places = [((columns - 1) * setting.position / STEPS, 0.0)]
    else:
        places = [(setting.column - 1.0, setting.row - 1.0)]
    for x, y in places:
        corner = (x * across - 0.5, y * down - 0.5)
        edge = PALETTE["lit"][0]
        right.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=edge, linewidth=1.6))
    return plots.picture(drawn, words(look, classes))
