"""The explorer's lines of text, with live numbers: sizes, equations, PyTorch."""

from collections.abc import Iterator
from html import escape
from itertools import product

from torch import Tensor

from gan_lessons.widgets.cells import number
from gan_lessons.widgets.deconv_explorer.case import Case, Layer, Pair

MOST_TERMS = 9
MOST_EQUATIONS = 150  # of outputs whose equation is there to be pointed at


def size_formula(case: Case) -> str:
    """The output size with live numbers, as HTML."""
    symbols = "m = (n − 1)·s + d·(k − 1) + 1 + <i>output padding</i> − 2p"
    lines = [
        f"({n} − 1)·{s} + {d}·({k} − 1) + 1 + {extra} − 2·{p} = <b>{m}</b>"
        for (n, k, s, p, extra, d), m in zip(case.axes, case.out, strict=True)
    ][2 - case.dims :]
    same = len(set(lines)) == 1
    return f"{symbols}<br>= {lines[0] if same else ' (height), '.join(lines) + ' (width)'}"


def equation(case: Case) -> str:
    """What the chosen cell is made of, or adds to, as HTML; the rule where none is chosen."""
    if case.chosen is None:
        if case.dims == 1:
            return "y[o] = b + the sum of x[i]·w[j] over all i, j with i·s + j·d − p = o"
        return (
            "y[o, q] = b + the sum of x[i, j]·w[u, v] over all with "
            "i·s + u·d − p = o and j·s + v·d − p = q"
        )
    if case.setting.walk == "outputs":
        return output_equation(case, case.chosen)
    value = float(case.x[case.chosen])
    targets = [at for at in _outputs(case) if _meets(case, at)]
    if not targets:
        return f"{_name(case, 'x', case.chosen)} = {number(value)} reaches no output: all is cut"
    first, last = _name(case, "y", targets[0]), _name(case, "y", targets[-1])
    return (
        f"{_name(case, 'x', case.chosen)} = <b>{number(value)}</b>: {number(value)}·w is added to "
        f"{len(targets)} of the outputs, from {first} to {last}"
    )


def output_equation(case: Case, at: Pair) -> str:
    """y at a place as the sum of its products, first with names, then with numbers."""
    assert case.y is not None
    terms = case.terms(*at)
    shown = terms[:MOST_TERMS]
    more = [f"… {len(terms) - len(shown)} more …"] if len(terms) > len(shown) else []
    bias = [number(case.b)] if case.b else []
    names = [f"{_name(case, 'x', i)}·{_name(case, 'w', j)}" for i, j in shown] + more
    numbers = [f"{_signed(case.x[i])}·{_signed(case.w[j])}" for i, j in shown] + more
    left = " + ".join(names + ["b"] * bool(bias)) or "no input reaches it"
    right = " + ".join(numbers + bias) or "0"
    return f"{_name(case, 'y', at)} = {left}<br>= {right} = <b>{number(float(case.y[at]), 4)}</b>"


def equations(case: Case) -> str:
    """The chosen cell's equation, and the others' unseen until an output is pointed at."""
    if case.out[0] * case.out[1] > MOST_EQUATIONS:
        return f"<div class='eqs'><div>{equation(case)}</div></div>"
    shown = f"<div style='opacity:calc(1 - var(--hover,0))'>{equation(case)}</div>"
    others = "".join(
        f"<div class='Own y{r} x{c}'>{output_equation(case, (r, c))}</div>"
        for r, c in _outputs(case)
    )
    return f"<div class='eqs'>{shown}<div class='others' aria-hidden='true'>{others}</div></div>"


def torch_line(case: Case, layer: Layer | None = None) -> str:
    """The layer as a line of PyTorch, with what differs from torch's defaults."""
    ins, outs, groups = (
        (1, 1, 1) if layer is None else (layer.in_channels, layer.out_channels, layer.groups)
    )
    has_bias = bool(case.setting.bias) if layer is None else layer.bias is not None
    options = {
        "kernel_size": tuple(case.w.shape),
        "stride": case.stride,
        "padding": case.padding,
        "output_padding": case.output_padding,
        "groups": groups,
        "dilation": case.dilation,
    }
    usual = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}
    words = []
    for name, value in options.items():
        numbers = value[2 - case.dims :] if isinstance(value, tuple) else (value,)
        short = numbers[0] if len(set(numbers)) == 1 else numbers
        if short != usual.get(name):
            words.append(f"{name}={short}")
    words += [] if has_bias else ["bias=False"]
    return f"nn.ConvTranspose{case.dims}d({ins}, {outs}, {', '.join(words)})"


def torch_code(case: Case) -> str:
    """A program that makes what is shown: the layer, its numbers, the input and the output."""
    functional = f"F.conv_transpose{case.dims}d"
    names = ("stride", "padding", "output_padding", "dilation")
    settings = ", ".join(f"{name}={getattr(case, name)[2 - case.dims :]}" for name in names)
    lines = [
        "import torch",
        "import torch.nn.functional as F",
        "",
        f"x = torch.tensor({_nested(case.x, case.dims)})",
        f"w = torch.tensor({_nested(case.w, case.dims)})",
        f"b = torch.tensor([{case.b!r}])",
    ]
    lines += [f"# illegal: {reason}" for reason in case.illegal]
    lines += [f"y = {functional}(x, w, b, {settings})", "print(y)"]
    return "\n".join(lines)


def alt_text(case: Case, refused: list[str]) -> str:
    """What the still picture shows, for those who cannot see it.

    refused: why the setting that was asked for is illegal; case is then another one.
    """
    assert case.y is not None
    s = case.setting
    views = {
        "stamps": "each input's scaled kernel where it lands, and their sum",
        "zeros": "the input with zeros put in and the turned kernel on it",
        "matrix": "the matrix C transposed",
        "overlap": "how many inputs reach each output",
    }
    view = "; ".join(views.values()) if s.view == "all" else views[s.view]
    numbers = ""
    if case.dims == 1 and case.y.numel() <= 16:
        parts = (("input", case.x), ("kernel", case.w), ("output", case.y))
        numbers = "; " + ", ".join(
            f"{name} {' '.join(number(v, 4) for v in values[0].tolist())}" for name, values in parts
        )
    sizes = " × ".join(str(m) for m in case.out[2 - case.dims :])
    asked = f"the setting is illegal: {'; '.join(refused)}. Shown instead: " if refused else ""
    settings = ", ".join(
        f"{name} {_of(value, case.dims)}"
        for name, value in (
            ("kernel", case.w.shape),
            ("stride", case.stride),
            ("padding", case.padding),
            ("output padding", case.output_padding),
            ("dilation", case.dilation),
            ("input size", case.x.shape),
        )
    )
    return (
        f"Deconvolution explorer, {case.dims}-D: {asked}{settings}, output size {sizes}; "
        f"{view}{numbers}"
    )


def illegal_html(case: Case) -> str:
    """Why the setting is illegal, as HTML."""
    reasons = "; ".join(escape(reason) for reason in case.illegal)
    return f"<b>This is illegal:</b> {reasons}. Below is the last setting that was not."


def _outputs(case: Case) -> Iterator[Pair]:
    height, width = case.out
    return product(range(height), range(width))


def _of(numbers: tuple[int, ...], dims: int) -> str:
    kept = numbers[2 - dims :]
    return str(kept[0]) if len(set(kept)) == 1 else " × ".join(map(str, kept))


def _name(case: Case, symbol: str, at: Pair) -> str:
    return f"{symbol}[{at[1]}]" if case.dims == 1 else f"{symbol}[{at[0]},{at[1]}]"


def _signed(value: Tensor) -> str:
    text = number(float(value))
    return f"({text})" if text.startswith("−") else text


def _meets(case: Case, at: Pair) -> bool:
    """Whether the chosen input reaches the output at this place."""
    assert case.chosen is not None
    return all(
        any(i == chosen for i, _ in case.meets[axis][o])
        for axis, (o, chosen) in enumerate(zip(at, case.chosen, strict=True))
    )


def _nested(values: Tensor, dims: int) -> str:
    """As torch wants it, (1, 1, L) or (1, 1, H, W)."""
    rows = [[float(f"{value:.7g}") for value in row] for row in values.tolist()]
    return f"[{rows}]" if dims == 1 else f"[[{rows}]]"
