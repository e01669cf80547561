"""Links names of the package, between backticks in prose, to where the API reference tells of them.

A Sphinx extension.
"""

from collections.abc import Mapping

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

PACKAGE = "gan_lessons."


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", _link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def known(objects: Mapping[str, object]) -> dict[str, str]:
    """What prose may call an object → its full name; names that could be two are left out.

    `gan_lessons.deconv.by_scatter` is also known as `deconv.by_scatter`, and as `by_scatter` if
    no other object ends so.
    """
    found: dict[str, set[str]] = {}
    for full in objects:
        parts = full.split(".")
        for start in range(len(parts)):
            found.setdefault(".".join(parts[start:]), set()).add(full)
    return {short: min(full) for short, full in found.items() if len(full) == 1}


def _link(app: Sphinx, doctree: nodes.document, page: str) -> None:
    objects = app.env.domaindata["py"]["objects"]
    names = known(objects)
    for literal in list(doctree.findall(nodes.literal)):
        if isinstance(literal.parent, nodes.reference | pending_xref | nodes.title):
            continue
        name = literal.astext().removesuffix("()")
        full = names.get(name)
        # A single lower-case word may be any variable of a lesson.
        if full is None or not ("." in name or "_" in name or name[:1].isupper()):
            continue
        entry = objects[full]
        link = make_refnode(
            app.builder, page, entry.docname, entry.node_id, literal.deepcopy(), full
        )
        literal.replace_self(link)
