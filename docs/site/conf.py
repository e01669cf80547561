"""Settings of Sphinx; `make site` copies them beside the pages that it makes."""

import os
import sys

import gan_lessons

sys.path.insert(0, os.environ["SITE_TOOLS"])

project = "gan_lessons"
author = "The gan_lessons authors"
release = version = gan_lessons.__version__
copyright = author  # no year: the licence has it

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "mathml",
    "docstrings",
    "names",
]
exclude_patterns = ["**/.ipynb_checkpoints"]
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!gan_lessons\.).*"),  # other projects' names
    ("py:.*", r"gan_lessons\.(commands|exercises|widgets)\..*\.\w+"),  # inner parts, without a page
    ("py:.*", r"gan_lessons\..*\.(Config|Item|Layer|Network|Own|S|Self)"),  # type variables
]
suppress_warnings = ["myst.header"]  # some lessons skip a level of headings

nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
nb_code_prompt_show = "Open the {type}"
nb_code_prompt_hide = "Close the {type}"
nb_render_markdown_format = "myst"
myst_enable_extensions = ["amsmath", "dollarmath", "html_image"]
myst_dmath_double_inline = True
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
autodoc_preserve_defaults = True

html_math_renderer = "mathml"
html_theme = "sphinx_book_theme"
html_title = "gan_lessons"
html_static_path = ["_static"]
html_css_files = ["explorers.css", "site.css"]
html_js_files = [("flipbook.js", {"defer": "defer"})]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "use_download_button": False,
    "navbar_persistent": [],
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_exclude = ".linenos, .gp, .go"


def setup(app):
    """Modules without a source, such as builtins, do not stand in the list of sources."""

    def forget(app, env):
        modules = getattr(env, "_viewcode_modules", {})
        for name in [name for name, source in modules.items() if not source]:
            del modules[name]

    app.connect("env-updated", forget)
