"""A look and its sheet as HTML: pure functions to text."""

from html import escape

from torch import Tensor

from gan_lessons.widgets import cells
from gan_lessons.widgets.image import to_img
from gan_lessons.widgets.latent_explorer.look import Look, Sheet, typical
from gan_lessons.widgets.latent_explorer.setting import FARTHEST, FRAMES, SIDE, STEPS, STRIP

ROOT = "gl-latent"
OUTER = "gl-latent-explorer"
CHART = (300, 74)

# Marks stand at variables (--d0, --at, …) that come with the large picture: the pictures beside it,
# of many kilobytes, are then sent only when they change.
STYLE = cells.style_sheet(ROOT, most=0) + (
    f"<style>.{ROOT} p{{margin:0 0 4px;color:inherit}}"
    f".{ROOT} .muted{{color:var(--muted);font-size:12px}}"
    f".{ROOT} img{{display:block;width:100%;max-width:none;margin:0;image-rendering:pixelated}}"
    f".{ROOT} .sheet{{position:relative}}"
    f".{ROOT} .sheet i{{position:absolute;inset:0;pointer-events:none;"
    "background:linear-gradient(90deg,var(--paper) 2px,transparent 2px) -1px 0/"
    "calc(100%/var(--columns)) 100%,linear-gradient(var(--paper) 2px,transparent 2px) 0 -1px/"
    "100% calc(100%/var(--rows))}"
    f".{ROOT} .sheet b{{position:absolute;box-sizing:border-box;border:3px solid var(--lit);"
    "border-radius:3px;width:calc(100%/var(--columns));height:calc(100%/var(--rows));"
    "pointer-events:none}"
    f".{ROOT} table{{border-collapse:collapse;font:inherit;background:none;color:inherit;"
    "margin:8px 0 0;width:100%}"
    f".{ROOT} tr,.{ROOT} td{{background:none;border:0;text-align:left;padding:1px 0;"
    "font-variant-numeric:tabular-nums}"
    f".{ROOT} td:first-child{{width:1%;white-space:nowrap;padding-right:16px;color:var(--muted)}}"
    f".{ROOT}.strip{{padding:3px 8px}}.{ROOT}.large img{{border:1px solid var(--line);"
    "box-sizing:border-box}"
    f".{ROOT} .row{{display:flex;font-size:11.5px;color:var(--muted);"
    "font-variant-numeric:tabular-nums;text-align:center}"
    f".{ROOT} .row span{{flex:1 1 0;min-width:0}}"
    f".{ROOT} .row.gaps{{margin:0 calc(50%/{FRAMES})}}"
    f".{ROOT} .chart{{margin:8px calc(50%/{FRAMES}) 0;position:relative}}"
    f".{ROOT} .chart svg{{width:100%;max-width:none;height:{CHART[1]}px}}"
    f".{ROOT} polyline{{fill:none;stroke:var(--ink);stroke-width:1.8px;"
    "vector-effect:non-scaling-stroke}"
    f".{ROOT} line{{stroke:var(--muted);stroke-dasharray:4 3;vector-effect:non-scaling-stroke}}"
    f".{ROOT} .chart b{{position:absolute;top:0;bottom:0;width:0;border-left:2px solid var(--lit);"
    "left:calc(100%*var(--at))}"
    f".{OUTER} .widget-html-content{{min-width:0;flex:1 1 0}}"
    f".{OUTER} .gl-latent-stack{{position:relative;overflow:hidden}}"
    f".{OUTER} .gl-latent-board{{position:absolute!important;inset:0;margin:0}}"
    f".{OUTER} .gl-latent-board button{{background:transparent!important;box-shadow:none;"
    "min-width:0}"
    f".{OUTER} .gl-latent-board button:is(:hover,:focus-visible){{outline:2px solid #FF86AE;"
    "outline-offset:-2px}"
    f".{OUTER} .widget-toggle-button{{padding:0 8px;margin:2px 3px 2px 0}}</style>"
)


def large_html(look: Look, classes: tuple[str, ...] = (), *, scope: str = "") -> str:
    """The large picture, its numbers, and where the marks stand in the part of class `scope`."""
    setting = look.setting
    rows = [
        ("|z|", f"<b class='norm'>{look.norm:.2f}</b>"),
        ("a typical |z|", f"√{look.z.numel()} = {typical(look.z.numel()):.2f}"),
        ("view", where(look)),
    ]
    if classes:
        rows.append(("label", escape(classes[setting.label])))
    told = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    marks = {f"d{i}": (s + FARTHEST) / STRIP for i, s in enumerate(setting.shifts)}
    marks |= {
        "at": setting.position / STEPS,
        "row": (setting.row - 1) / SIDE,
        "column": (setting.column - 1) / SIDE,
    }
    places = ";".join(f"--{name}:{value:.4f}" for name, value in marks.items())
    return (
        f"<div class='{ROOT} large'><style>.{scope or ROOT}{{{places}}}</style>"
        f"{to_img(look.picture, alt_text(look, classes))}<table>{told}</table></div>"
    )


def strip_html(sheet: Sheet, i: int, share: float) -> str:
    """What a direction alone does."""
    words = f"Direction {i + 1} alone, from −3 to 3 standard deviations"
    numbers = "".join(f"<span>{cells.number(s)}</span>" for s in range(-3, 4)) if i == 0 else ""
    return (
        f"<div class='{ROOT} strip'>"
        + (f"<div class='row'>{numbers}</div>" if numbers else "")
        + _sheet(sheet.pictures[i : i + 1], words, f"left:calc(100%*var(--d{i}));top:0")
        + f"<div class='muted'>{100 * share:.1f} % of the first layer's spread</div></div>"
    )


def walk_html(sheet: Sheet) -> str:
    """The walk's pictures, how far it is from each to the next, and |z| all the way."""
    frames = sheet.pictures.shape[1]
    gaps = "".join(f"<span>{distance:.2f}</span>" for distance in sheet.distances)
    place = f"left:calc(100%*var(--at)*{frames - 1}/{frames});top:0"
    middle = min(sheet.norms)
    low, high = 0.94 * min(middle, ends_of(sheet)), 1.06 * max(*sheet.norms, ends_of(sheet))
    width, height = CHART

    def at(step: int, value: float) -> str:
        return f"{width * step / STEPS:.1f},{height * (high - value) / (high - low):.1f}"

    usual = f"{height * (high - ends_of(sheet)) / (high - low):.1f}"
    line = " ".join(at(step, value) for step, value in enumerate(sheet.norms))
    words = f"|z| along the walk, from {sheet.norms[0]:.2f} over {middle:.2f} to "
    words += f"{sheet.norms[-1]:.2f}"
    return (
        f"<div class='{ROOT} walk'><p>{_path(sheet)} walk</p>"
        + _sheet(sheet.pictures, f"{frames} pictures of the walk", place)
        + f"<div class='row gaps'>{gaps}</div>"
        + "<p class='muted'>between neighbours: the pictures' distance (root mean square, pixels "
        f"in [−1, 1]); in z it is {_range(sheet.z_distances)}</p>"
        f"<div class='chart'><svg viewBox='0 0 {width} {height}' preserveAspectRatio='none' "
        f"role='img' aria-label='{words}'><line x1='0' x2='{width}' y1='{usual}' y2='{usual}'/>"
        f"<polyline points='{line}'/></svg><b></b></div>"
        f"<p class='muted'>|z| along the walk: {sheet.norms[0]:.2f} at its start, at least "
        f"{middle:.2f}, {sheet.norms[-1]:.2f} at its end; dashed: the mean of both ends</p></div>"
    )


def grid_html(sheet: Sheet) -> str:
    """The grid between four corners."""
    words = f"{SIDE} × {SIDE} pictures between four corners"
    place = "left:calc(100%*var(--column));top:calc(100%*var(--row))"
    return (
        f"<div class='{ROOT} cells' style='padding:0'>{_sheet(sheet.pictures, words, place)}</div>"
    )


def ends_of(sheet: Sheet) -> float:
    """The dashed line of a walk: the mean of the lengths of its ends."""
    return (sheet.norms[0] + sheet.norms[-1]) / 2


def where(look: Look) -> str:
    """Where the latent stands, in words."""
    s = look.setting
    ends = f"from seed {s.seed} to {s.towards}"
    places = {
        "seed": f"seed {s.seed}",
        "walk": f"{s.path} walk {ends}, {100 * s.position / STEPS:.0f} % of the way",
        "grid": f"grid of seeds {s.seed} and {s.towards}, row {s.row}, column {s.column}",
    }
    if s.view != "directions":
        return places[s.view]
    moved = [f"{i + 1}: {cells.number(v)}" for i, v in enumerate(s.shifts) if v]
    return f"{places[s.origin]}; " + ("moved along " + ", ".join(moved) if moved else "not moved")


def alt_text(look: Look, classes: tuple[str, ...] = ()) -> str:
    """What the large picture is, for those who cannot see it."""
    label = f", label {classes[look.setting.label]}" if classes else ""
    return f"Latent explorer: a generated picture, {where(look)}{label}"


def _sheet(pictures: Tensor, words: str, place: str) -> str:
    rows, columns = pictures.shape[:2]
    return (
        f"<div class='sheet' style='--rows:{rows};--columns:{columns}'>"
        f"{to_img(pictures.flatten(0, 1), words, columns)}<i></i><b style='{place}'></b></div>"
    )


def _path(sheet: Sheet) -> str:
    return sheet.setting.path.capitalize()


def _range(values: tuple[float, ...]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"
