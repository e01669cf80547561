"""The explorer's lines of text, with live numbers: sizes, equations, PyTorch."""

import math
from collections.abc import Collection, Iterator
from html import escape
from itertools import product

from torch import Tensor

from gan_lessons.widgets import kit
from gan_lessons.widgets.cells import number
from gan_lessons.widgets.deconv_explorer.view import DeconvView, Layer, Pair

MOST_TERMS = 9
NEUTRAL = {"dilation": 1, "output_padding": 0, "padding": 0}  # changes no size
MOST_EQUATIONS = 150  # of outputs whose equation is there to be pointed at


def size_formula(view: DeconvView, hidden: Collection[str] = ()) -> str:
    """The output size with live numbers, as HTML.

    hidden: controls out of sight; their settings are left out where they change nothing.
    """
    left_out = _left_out(view, hidden)

    def formula(n: object, k: object, s: object, cut: str, extra: object, d: object) -> str:
        span = k if "dilation" in left_out else f"{d}·({k} − 1) + 1"
        more = "" if "output_padding" in left_out else f" + {extra}"
        return f"({n} − 1)·{s} + {span}{more}" + ("" if "padding" in left_out else f" − {cut}")

    m = kit.tip("m", "How many outputs there are along a side: see which settings change it.")
    symbols = formula("n", "k", "s", "2p", "<i>output padding</i>", "d")
    lines = [
        f"{formula(n, k, s, f'2·{p}', extra, d)} = <b>{m}</b>"
        for (n, k, s, p, extra, d), m in zip(view.axes, view.out, strict=True)
    ][2 - view.dims :]
    same = len(set(lines)) == 1
    found = lines[0] if same else " (height), ".join(lines) + " (width)"
    return f"{m} = {symbols}<br>= {found}"


def _left_out(view: DeconvView, hidden: Collection[str]) -> set[str]:
    """The settings out of sight that change nothing."""
    return {n for n in NEUTRAL if n in hidden and set(getattr(view, n)) == {NEUTRAL[n]}}


def rule(view: DeconvView, hidden: Collection[str] = ()) -> str:
    """What every output is made of. hidden: as in `size_formula`."""
    left_out = _left_out(view, hidden)
    d = "" if "dilation" in left_out else "·d"
    cut = "" if "padding" in left_out else " − p"
    bias = "" if "bias" in hidden and not view.b else "b + "
    if view.dims == 1:
        return f"y[o] = {bias}the sum of x[i]·w[j] over all i, j with i·s + j{d}{cut} = o"
    return (
        f"y[o, q] = {bias}the sum of x[i, j]·w[u, v] over all with "
        f"i·s + u{d}{cut} = o and j·s + v{d}{cut} = q"
    )


def equation(view: DeconvView, hidden: Collection[str] = ()) -> str:
    """What the chosen cell is made of, or adds to, as HTML; the rule where none is chosen."""
    if view.chosen is None:
        return rule(view, hidden)
    if view.settings.walk == "outputs":
        return output_equation(view, view.chosen)
    value = float(view.x[view.chosen])
    targets = [at for at in _outputs(view) if _meets(view, at)]
    if not targets:
        return f"{_name(view, 'x', view.chosen)} = {number(value)} reaches no output: all is cut"
    first, last = _name(view, "y", targets[0]), _name(view, "y", targets[-1])
    return (
        f"{_name(view, 'x', view.chosen)} = <b>{number(value)}</b>: {number(value)}·w is added to "
        f"{len(targets)} of the outputs, from {first} to {last}"
    )


def output_equation(view: DeconvView, at: Pair) -> str:
    """y at a place as the sum of its products, first with names, then with numbers.

    Where these are rounded, they need not add up to it: ≈ says so.
    """
    assert view.y is not None
    terms = view.terms(*at)
    shown = terms[:MOST_TERMS]
    more = [f"… {len(terms) - len(shown)} more …"] if len(terms) > len(shown) else []
    bias = [_signed(view.b)] if view.b else []
    names = [f"{_name(view, 'x', i)}·{_name(view, 'w', j)}" for i, j in shown] + more
    numbers = [f"{_signed(view.x[i])}·{_signed(view.w[j])}" for i, j in shown] + more
    factors = [view.b, *(float(each) for i, j in shown for each in (view.x[i], view.w[j]))]
    y = float(view.y[at])
    equal = "=" if all(map(_is_exact, factors)) else "≈"
    ends = "=" if equal == "=" and _is_exact(y, 4) else "≈"
    name, value = _name(view, "y", at), f"<b>{number(y, 4)}</b>"
    if not terms:
        return f"{name} = {'b = ' if bias else ''}{value}: no input reaches it"
    left, right = " + ".join(names + ["b"] * bool(bias)), " + ".join(numbers + bias)
    return f"{name} = {left}<br>{equal} {right} {ends} {value}"


def equations(view: DeconvView, hidden: Collection[str] = ()) -> str:
    """The chosen cell's equation, and the others' unseen until an output is pointed at."""
    if view.out[0] * view.out[1] > MOST_EQUATIONS:
        return f"<div class='eqs'><div>{equation(view, hidden)}</div></div>"
    shown = f"<div class='chosen'>{equation(view, hidden)}</div>"
    others = "".join(
        f"<div class='Own y{r} x{c}'>{output_equation(view, (r, c))}</div>"
        for r, c in _outputs(view)
    )
    return f"<div class='eqs'>{shown}<div class='others' aria-hidden='true'>{others}</div></div>"


def torch_line(view: DeconvView, layer: Layer | None = None) -> str:
    """The layer as a line of PyTorch, with what differs from torch's defaults."""
    ins, outs, groups = (
        (1, 1, 1) if layer is None else (layer.in_channels, layer.out_channels, layer.groups)
    )
    has_bias = bool(view.settings.bias) if layer is None else layer.bias is not None
    options = {
        "kernel_size": tuple(view.w.shape),
        "stride": view.stride,
        "padding": view.padding,
        "output_padding": view.output_padding,
        "groups": groups,
        "dilation": view.dilation,
    }
    usual = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}
    words = []
    for name, value in options.items():
        numbers = value[2 - view.dims :] if isinstance(value, tuple) else (value,)
        short = numbers[0] if len(set(numbers)) == 1 else numbers
        if short != usual.get(name):
            words.append(f"{name}={short}")
    words += [] if has_bias else ["bias=False"]
    return f"nn.ConvTranspose{view.dims}d({ins}, {outs}, {', '.join(words)})"


def torch_code(view: DeconvView) -> str:
    """A program that makes what is shown: the layer, its numbers, the input and the output."""
    functional = f"F.conv_transpose{view.dims}d"
    names = ("stride", "padding", "output_padding", "dilation")
    settings = ", ".join(f"{name}={getattr(view, name)[2 - view.dims :]}" for name in names)
    lines = [
        "import torch",
        "import torch.nn.functional as F",
        "",
        f"x = torch.tensor({_nested(view.x, view.dims)})",
        f"w = torch.tensor({_nested(view.w, view.dims)})",
        f"b = torch.tensor([{view.b!r}])",
    ]
    lines += [f"# illegal: {reason}" for reason in view.illegal]
    lines += [f"y = {functional}(x, w, b, {settings})", "print(y)"]
    return "\n".join(lines)


def alt_text(view: DeconvView, refused: list[str]) -> str:
    """What the still picture shows, for those who cannot see it.

    refused: why the setting that was asked for is illegal; view is then another one.
    """
    assert view.y is not None
    s = view.settings
    ways = {
        "stamps": "each input's scaled kernel where it lands, and their sum",
        "zeros": "the input with zeros put in and the turned kernel on it",
        "matrix": "the matrix C transposed",
        "overlap": "how many inputs reach each output",
    }
    shown = "; ".join(ways.values()) if s.view == "all" else ways[s.view]
    numbers = ""
    if view.dims == 1 and view.y.numel() <= 16:
        parts = (("input", view.x), ("kernel", view.w), ("output", view.y))
        numbers = "; " + ", ".join(
            f"{name} {' '.join(number(v, 4) for v in values[0].tolist())}" for name, values in parts
        )
    sizes = " × ".join(str(m) for m in view.out[2 - view.dims :])
    asked = f"the setting is illegal: {'; '.join(refused)}. Shown instead: " if refused else ""
    settings = ", ".join(
        f"{name} {_of(value, view.dims)}"
        for name, value in (
            ("kernel", view.w.shape),
            ("stride", view.stride),
            ("padding", view.padding),
            ("output padding", view.output_padding),
            ("dilation", view.dilation),
            ("input size", view.x.shape),
        )
    )
    return (
        f"Deconvolution explorer, {view.dims}-D: {asked}{settings}, output size {sizes}; "
        f"{shown}{numbers}"
    )


def illegal_html(view: DeconvView) -> str:
    """Why the setting is illegal, as HTML."""
    reasons = "; ".join(escape(reason) for reason in view.illegal)
    return f"<b>This is illegal:</b> {reasons}. Below are settings that are legal."


def _outputs(view: DeconvView) -> Iterator[Pair]:
    height, width = view.out
    return product(range(height), range(width))


def _of(numbers: tuple[int, ...], dims: int) -> str:
    kept = numbers[2 - dims :]
    return str(kept[0]) if len(set(kept)) == 1 else " × ".join(map(str, kept))


def chosen_name(view: DeconvView) -> str:
    """The chosen cell as the pictures name it, such as y[2], or "all"."""
    if view.chosen is None:
        return "all"
    return _name(view, "x" if view.settings.walk == "inputs" else "y", view.chosen)


def _name(view: DeconvView, symbol: str, at: Pair) -> str:
    return f"{symbol}[{at[1]}]" if view.dims == 1 else f"{symbol}[{at[0]},{at[1]}]"


def _signed(value: Tensor | float) -> str:
    text = number(float(value))
    return f"({text})" if text.startswith("−") else text


def _is_exact(value: float, digits: int = 3) -> bool:
    """Whether what is written of a number is the number, to float32's precision."""
    try:
        return math.isclose(float(number(value, digits).replace("−", "-")), value, rel_tol=1e-6)
    except ValueError:  # ∞
        return False


def _meets(view: DeconvView, at: Pair) -> bool:
    """Whether the chosen input reaches the output at this place."""
    assert view.chosen is not None
    return all(
        any(i == chosen for i, _ in view.meets[axis][o])
        for axis, (o, chosen) in enumerate(zip(at, view.chosen, strict=True))
    )


def _nested(values: Tensor, dims: int) -> str:
    """As torch wants it, (1, 1, L) or (1, 1, H, W)."""
    rows = [[float(f"{value:.7g}") for value in row] for row in values.tolist()]
    return f"[{rows}]" if dims == 1 else f"[[{rows}]]"
