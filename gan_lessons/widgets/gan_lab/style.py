"""How a lab's picture looks, on a light page and on a dark one."""

from gan_lessons import plots
from gan_lessons.widgets import cells

ROOT = "gl-lab"
COLOURS = {  # light page, dark page
    "real": (plots.REAL, "#6CB8EA"),
    "fake": (plots.FAKE, "#F2A35E"),
    "generator": (plots.GENERATOR, "#E39BC9"),
    "discriminator": (plots.DISCRIMINATOR, "#5CC9A7"),
}
# The heat map lies under points, on a light and on a dark page: colours between, and transparent.
HEAT_REAL, HEAT_FAKE, HEAT_ALPHA = (74, 144, 205), (222, 130, 58), 185


def _variables(theme: int) -> str:
    return ";".join(f"--{name}:{colours[theme]}" for name, colours in COLOURS.items())


STYLE = cells.style_sheet(ROOT, most=0) + (
    f"<style>.{ROOT}{{{_variables(0)};container-type:inline-size}}"
    f'body[data-jp-theme-light="false"] .{ROOT},html[theme="dark"] .{ROOT}{{{_variables(1)}}}'
    f".{ROOT} p{{margin:0 0 4px;color:inherit}}"
    f".{ROOT} .muted{{color:var(--muted);font-size:12px}}"
    f".{ROOT} .both{{display:grid;grid-template-columns:minmax(0,430px) minmax(250px,380px);"
    "gap:10px 24px;align-items:start}"
    f"@container (max-width:640px){{.{ROOT} .both{{grid-template-columns:minmax(0,430px)}}}}"
    f".{ROOT} .plane{{position:relative;width:100%;aspect-ratio:1;overflow:hidden;"
    "border:1px solid var(--line);border-radius:4px;box-sizing:border-box}"
    f".{ROOT} .plane>*{{position:absolute;inset:0;width:100%;height:100%;max-width:none;margin:0}}"
    f".{ROOT} .plane svg{{overflow:hidden}}"
    f".{ROOT} path{{fill:none}}"
    f".{ROOT} path.real{{stroke:var(--real);stroke-width:9px;stroke-linecap:round}}"
    f".{ROOT} path.fake{{stroke:var(--fake);stroke-width:7px;stroke-linecap:square}}"
    f".{ROOT} path.was{{stroke:var(--fake);stroke-width:2px;opacity:.6}}"
    f".{ROOT} .arrows{{stroke:var(--generator);stroke-width:3px;stroke-linecap:round}}"
    f".{ROOT} .cell{{fill:var(--generator);stroke:var(--generator);stroke-width:1.2px;"
    "stroke-opacity:.35}"
    f".{ROOT} .thread{{stroke:var(--generator);stroke-width:6px;stroke-linecap:round}}"
    f".{ROOT} .zero{{stroke:var(--line);stroke-width:1.5px}}"
    f".{ROOT} .plane text{{font-size:22px;fill:var(--muted)}}"
    f".{ROOT} table{{border-collapse:collapse;font:inherit;background:none;color:inherit;"
    "margin:0 0 8px;width:100%}"
    f".{ROOT} tr,.{ROOT} td{{background:none;border:0;text-align:left;padding:1px 0}}"
    f".{ROOT} td:first-child{{width:1%;padding-right:16px;color:var(--muted)}}"
    f".{ROOT} td{{font-variant-numeric:tabular-nums;white-space:nowrap}}"
    f".{ROOT} .key{{display:flex;flex-wrap:wrap;gap:2px 14px;margin-top:6px;font-size:12px;"
    "min-height:3.1em;align-content:start;color:var(--muted)}"
    f".{ROOT} .key span{{white-space:nowrap}}"
    f".{ROOT} .key svg{{display:inline-block;vertical-align:-1px;margin-right:5px}}"
    f".{ROOT} .scale{{display:inline-block;width:56px;height:9px;border-radius:2px;"
    "margin:0 5px;vertical-align:0;border:1px solid var(--line);background:linear-gradient(90deg,"
    f"rgba{(*HEAT_FAKE, HEAT_ALPHA / 255)},transparent,rgba{(*HEAT_REAL, HEAT_ALPHA / 255)})}}"
    f".{ROOT} .act{{min-height:7.4em;margin-top:6px}}"
    f".{ROOT} .chart{{margin:0 0 8px}}.{ROOT} .chart.axis{{margin-top:-4px}}"
    f".{ROOT} .chart text{{font-size:11px;fill:var(--muted);text-anchor:start}}"
    f".{ROOT} .chart text.e{{text-anchor:end}}"
    f".{ROOT} .chart line{{stroke:var(--line);stroke-width:1px}}"
    f".{ROOT} .chart line.floor{{stroke-dasharray:4 3}}"
    f".{ROOT} polyline{{fill:none;stroke-width:1.6px;stroke-linejoin:round}}"
    + "".join(
        f".{ROOT} polyline.{name},.{ROOT} .chart line.{name}{{stroke:var(--{name})}}"
        f".{ROOT} .chart tspan.{name}{{fill:var(--{name});font-weight:600;stroke:none}}"
        for name in COLOURS
    )
    + f".{ROOT} code{{user-select:all;background:var(--blank);color:var(--ink);padding:3px 7px;"
    "border-radius:4px;font-size:12px;overflow-wrap:anywhere;display:inline-block;"
    "margin-top:8px}"
    # Without this the picture would be as wide as its widest row, and cut off in a narrow window.
    ".gl-gan-lab .widget-html-content{min-width:0;flex:1 1 0}"
    ".gl-gan-lab .gl-board .widget-toggle-button{margin:1px;border-radius:2px}"
    f".gl-gan-lab .gl-board .mod-active{{background:{COLOURS['real'][0]}}}"
    f'body[data-jp-theme-light="false"] .gl-board .mod-active{{background:{COLOURS["real"][1]}}}'
    ".gl-gan-lab .widget-toggle-button{padding:0 8px;margin:2px 3px 2px 0}</style>"
)
