"""The view as HTML, and as a still picture: pure functions."""

import zlib
from collections.abc import Collection

from gan_lessons import plots
from gan_lessons.widgets.cells import Panel
from gan_lessons.widgets.deconv_explorer import links, panels, words
from gan_lessons.widgets.deconv_explorer.still import to_picture
from gan_lessons.widgets.deconv_explorer.svg import to_svg
from gan_lessons.widgets.deconv_explorer.view import DeconvView, Layer


def to_html(view: DeconvView, layer: Layer | None = None, hidden: Collection[str] = ()) -> str:
    """The picture of legal settings. hidden: see `words.size_formula`.

    Its style rules hold for a class of its own: pictures of the same class have the same rules.
    """
    rules = links.rules(view, ".@")
    scope = f"gl-{zlib.crc32(rules.encode()):08x}"
    shown = panels.panels(view)
    small = "".join(to_svg(panel) for panel in shown if panel.small)
    large = [panel for panel in shown if not panel.small]
    level = " style='align-items:flex-end'" if _alike(large) else ""  # whatever captions say
    beside = f"<div class='small'>{small}</div>" if small else ""
    under = " under" if len(large) > 1 else ""
    return (
        f"<style>{rules.replace('@', scope)}</style><div class='gl-card {scope}'>"
        f"<code title='One click selects the line'>{words.torch_line(view, layer)}</code>"
        f"<div class='panels'>{beside}<div class='large{under}'{level}>"
        f"{''.join(map(to_svg, large))}</div></div>"
        f"{words.equations(view, hidden)}</div>"
    )


def _alike(panels: list[Panel]) -> bool:
    """Whether these are several grids of two dimensions, of one size, to be compared."""
    sizes = {panel.size for panel in panels}
    return len(panels) > 1 and len(sizes) == 1 and not any(panel.whole_row for panel in panels)


def status_html(view: DeconvView, hidden: Collection[str] = ()) -> str:
    """The output size, or why the settings are illegal. hidden: see `words.size_formula`."""
    if view.illegal:
        return f"<div class='gl-card status' role='alert'>{words.illegal_html(view)}</div>"
    formula = words.size_formula(view, hidden)
    return f"<div class='gl-card status gl-tips' role='status'>{formula}</div>"


def page_html(
    view: DeconvView,
    legal: DeconvView,
    layer: Layer | None = None,
    hidden: Collection[str] = (),
) -> str:
    """Both, as one page. legal: the view itself, or the nearest one that is legal."""
    stale = " class='stale'" if view.illegal else ""
    return f"{status_html(view, hidden)}<div{stale}>{to_html(legal, layer, hidden)}</div>"


def still(view: DeconvView, legal: DeconvView, layer: Layer | None = None) -> plots.Picture:
    """The legal settings as a still picture."""
    heading = ("illegal; shown is " if view.illegal else "") + words.torch_line(legal, layer)
    alt = words.alt_text(legal, view.illegal)
    small_first = sorted(panels.panels(legal), key=lambda panel: not panel.small)
    return to_picture(small_first, links.chosen_lights(legal), heading, alt)
