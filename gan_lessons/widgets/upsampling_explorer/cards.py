"""A case as HTML: the input in a strip at the top, and a card for each strategy."""

from html import escape

from torch import Tensor

from gan_lessons import plots
from gan_lessons.upsample import STRATEGIES
from gan_lessons.widgets import cells
from gan_lessons.widgets.cells import shade
from gan_lessons.widgets.image import to_img
from gan_lessons.widgets.upsampling_explorer.case import Case, Column, Score
from gan_lessons.widgets.upsampling_explorer.training import KEPT_OUT, budget

ROOT = "gl-upsampling"
COLOURS = {"now": (plots.FAKE, "#F2A35E"), "real": (plots.REAL, "#6CB8EA")}  # light page, dark page
LOWEST, HIGHEST = -45, 20  # decibels: what real pictures and untrained layers have between them
FINEST = 0.5**0.5  # cycles per pixel, of the finest checkerboard


def _variables(theme: int) -> str:
    return ";".join(f"--{name}:{colours[theme]}" for name, colours in COLOURS.items())


# What a card is made of has a row of its own in the grid of cards, so that all stand in line.
PARTS = 8
STYLE = cells.style_sheet(ROOT, most=0) + (
    f"<style>.{ROOT}{{{_variables(0)};container-type:inline-size}}"
    f'body[data-jp-theme-light="false"] .{ROOT},html[theme="dark"] .{ROOT}{{{_variables(1)}}}'
    f".{ROOT} p{{margin:0 0 5px;color:inherit}}.{ROOT} figure{{min-width:0}}"
    f".{ROOT} .muted{{color:var(--muted);font-size:12px}}"
    f".{ROOT} .strip{{display:flex;flex-wrap:wrap;gap:8px 16px;margin-bottom:14px}}"
    f".{ROOT} .strip .words{{flex:1 1 210px;min-width:0}}"
    f".{ROOT} .key{{display:inline-block;white-space:nowrap;margin-right:14px}}"
    f".{ROOT} .key svg{{display:inline-block;vertical-align:middle;margin-right:5px}}"
    f".{ROOT} .cards{{display:grid;gap:0 16px;"
    "grid-template-columns:repeat(var(--wide),minmax(0,250px))}"
    f".{ROOT} .card{{display:grid;grid-row:span {PARTS};grid-template-rows:subgrid;min-width:0;"
    "align-content:start;margin-bottom:18px;font-size:12px}"
    f"@container (max-width:780px){{.{ROOT} .cards{{"
    "grid-template-columns:repeat(var(--middle),minmax(0,250px))}}"
    f"@container (max-width:540px){{.{ROOT} .cards{{"
    "grid-template-columns:repeat(var(--narrow),minmax(0,250px))}}"
    f".{ROOT} .name{{font-weight:600;font-size:14px;overflow-wrap:anywhere}}"
    f".{ROOT} .about{{margin-bottom:5px}}"
    f".{ROOT} img{{display:block;width:100%;max-width:none;margin:0 0 3px;box-sizing:border-box;"
    "image-rendering:pixelated;border:1px solid var(--line)}"
    f".{ROOT} .part{{margin-top:10px}}.{ROOT} .part svg{{max-width:none}}"
    f".{ROOT} .part figcaption{{font-size:12px}}"
    f".{ROOT} .sum{{font-size:13px}}.{ROOT} .small{{font-size:10.5px}}"
    f".{ROOT} .axis{{fill:var(--muted)}}"
    f".{ROOT} .chart{{display:grid;grid-template-columns:25px minmax(0,1fr)}}"
    f".{ROOT} polyline{{fill:none;stroke-width:1.7px;vector-effect:non-scaling-stroke}}"
    f".{ROOT} polyline.now{{stroke:var(--now)}}.{ROOT} polyline.real{{stroke:var(--real)}}"
    f".{ROOT} polyline.start{{stroke:var(--muted);stroke-dasharray:3 3;stroke-width:1.3px}}"
    f".{ROOT} line{{stroke:var(--line);stroke-width:1px}}"
    f".{ROOT} .row{{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 4px;"
    f"font-variant-numeric:tabular-nums}}.{ROOT} .row>:last-child{{margin-left:auto;"
    # As wide as any number there, so that a row that fits its line goes on fitting.
    "min-width:50px;text-align:right}"
    f".{ROOT} svg+.row{{margin-top:3px}}"
    # Without this the picture would be as wide as its widest row, and cut off in a narrow window.
    ".gl-upsampling-explorer .widget-html-content{min-width:0;flex:1 1 0}"
    ".gl-upsampling-explorer .widget-toggle-button{padding:0 8px;margin:2px 3px 2px 0}</style>"
)


def to_html(case: Case) -> str:
    """The picture of a case."""
    count = len(case.columns)
    fits = {"wide": count, "middle": count if count < 5 else 3, "narrow": min(2, count)}
    style = ";".join(f"--{width}:{columns}" for width, columns in fits.items())
    cards = "".join(_card(column, case) for column in case.columns)
    return (
        f"<div class='{ROOT}'>{_strip(case)}<div class='cards' style='{style}'>{cards}</div></div>"
    )


def fixed(value: float, places: int) -> str:
    """With so many places whatever the value, so that nothing jumps while a training runs."""
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if not float(text) else text.replace("-", "−")


def percent(share: float) -> str:
    """0 to 1 → 12.34 %."""
    return f"{fixed(100 * share, 2)} %"


def uneven(column: Column) -> str:
    """How unlike the phases are, in words."""
    value = column.unevenness
    return fixed(value, 2) if value < 100 else "over 100"


def reach(column: Column, y: int, x: int) -> str:
    """How many inputs a phase of the last layer is made of, in words."""
    count = int(column.overlap[y, x])
    return f"{count} input{'s' if count > 1 else ''}"


def decibels(score: Score) -> list[tuple[float, float]]:
    """The points of a spectrum, frequency and power, kept inside the chart."""
    powers = (10 * score.power.clamp(min=1e-30).log10()).clamp(LOWEST, HIGHEST)
    return list(zip(score.frequency.tolist(), powers.tolist(), strict=True))


def _strip(case: Case) -> str:
    side, small = case.wanted.shape[-1], case.given.shape[-1]
    words = (
        f"<p><b>Step {case.setting.steps}</b></p>"
        f"<p>Each strategy's two layers enlarge {small} × {small} pixels to {side} × {side}, "
        f"for at most {budget(side):,} multiply-adds.</p>"
        f"<p class='muted'>Real pictures: checkerboard {percent(case.real.checkerboard)} of the "
        f"variance. Linear interpolation: error {fixed(case.interpolation, 3)}.</p>"
        "<p class='muted'>Sums: what the last layer's four phases make of a flat input, each from "
        "so many input cells. Spectra: ½ cycle per pixel is a pattern of period 2, ¼ of 4.</p>"
        f"<p class='muted'>{_key('now', 'now')}{_key('start', 'at step 0')}"
        f"{_key('real', 'real pictures')}</p>"
    )
    return (
        f"<div class='strip'>{_figure('goes in', case.given)}{_figure('wanted', case.wanted)}"
        f"<div class='words'>{words}</div></div>"
    )


def _card(column: Column, case: Case) -> str:
    start, now = column.start, column.now
    table = (
        _row("checkerboard", f"<b>{percent(now.checkerboard)}</b>")
        + _row("at step 0", percent(start.checkerboard), "muted")
        + _row("error", f"<b>{fixed(now.error, 3)}</b>")
        + _row("at step 0", fixed(start.error, 3), "muted")
    )
    return (
        f"<div class='card'><div class='name'>{column.name}</div>"
        f"<div class='muted about'>{escape(STRATEGIES[column.name].description)}</div>"
        f"{to_img(column.picture, f'what {column.name} makes of the input')}"
        f"{_row('checkerboard here', percent(column.checkerboard), 'muted')}"
        f"{_phases(column)}{_chart(column, case.real)}"
        f"<div class='part'><b>over {KEPT_OUT} pictures</b>{table}</div>"
        f"<div class='muted part'>{column.channels} channels, {column.cost.parameters:,} weights"
        "</div></div>"
    )


def _phases(column: Column) -> str:
    """The four phases of the last layer, as the pixels lie."""
    largest = float(column.sums.abs().max())
    squares = []
    for i, value in enumerate(column.sums.flatten().tolist()):
        y, x = divmod(i, 2)
        paint, strength = shade(value, largest, True)
        squares.append(
            f"<rect class='{paint}' fill-opacity='{strength:.2f}' x='{51 * x}%' y='{40 * y + 1}' "
            f"width='49%' height='38'/><text class='sum' x='{51 * x + 24.5}%' y='{40 * y + 14}'>"
            f"{fixed(value, 2)}</text><text class='small' x='{51 * x + 24.5}%' y='{40 * y + 29}'>"
            f"{reach(column, y, x)}</text>"
        )
    words = "sums of the four phases of the last layer: " + ", ".join(
        fixed(value, 2) for value in column.sums.flatten().tolist()
    )
    return (
        f"<figure class='part'><figcaption>sums of phases</figcaption><svg width='100%' "
        f"height='80' role='img' aria-label='{words}'>{''.join(squares)}</svg>"
        f"{_row('unevenness', uneven(column), 'muted')}</figure>"
    )


def _chart(column: Column, real: Score) -> str:
    """The radial spectrum of what comes out, untrained and now, against real pictures'."""
    high, room = 84, 20

    def down(power: float) -> float:
        return high * (HIGHEST - power) / (HIGHEST - LOWEST)

    def along(frequency: float) -> float:
        return 100 * frequency / FINEST

    powers = "".join(
        f"<text class='small axis' x='20' y='{5 + down(power):.1f}' style='text-anchor:end'>"
        f"{fixed(power, 0)}</text>"
        for power in (20, 0, -20, -40)
    )
    grid = "".join(
        f"<line x1='0' x2='100%' y1='{down(power):.1f}' y2='{down(power):.1f}'/>"
        for power in (20, 0, -20, -40)
    ) + "".join(
        f"<line x1='{along(f):.1f}%' x2='{along(f):.1f}%' y1='0' y2='{high}'/>"
        f"<text class='small axis' x='{along(f):.1f}%' y='{high + 9}'>{words}</text>"
        for f, words in ((0.25, "¼"), (0.5, "½"))
    )
    curves = "".join(
        f"<polyline class='{kind}' points='"
        + " ".join(f"{along(f):.1f},{down(power):.1f}" for f, power in decibels(score))
        + "'/>"
        for kind, score in (("start", column.start), ("real", real), ("now", column.now))
    )
    words = (
        f"power against frequency: {column.name} now, at step 0, and real pictures, "
        "in decibels, up to the finest checkerboard"
    )
    return (
        "<figure class='part'><figcaption>spectrum, dB</figcaption>"
        f"<div class='chart' role='img' aria-label='{words}'>"
        f"<svg width='25' height='{high + room}'>{powers}</svg>"
        f"<svg width='100%' height='{high + room}'><g transform='translate(0 5)'>{grid}"
        f"<svg width='100%' height='{high}' viewBox='0 0 100 {high}' preserveAspectRatio='none'>"
        f"{curves}</svg></g></svg></div></figure>"
    )


def _row(name: str, value: str, look: str = "") -> str:
    return f"<div class='row {look}'><span>{name}</span><span>{value}</span></div>"


def _key(kind: str, words: str) -> str:
    return (
        "<span class='key'><svg width='22' height='8' aria-hidden='true'>"
        f"<polyline class='{kind}' points='0,4 22,4'/></svg>{words}</span>"
    )


def _figure(title: str, picture: Tensor) -> str:
    return (
        f"<figure style='width:96px'><figcaption>{title}</figcaption>"
        f"{to_img(picture, title)}</figure>"
    )
