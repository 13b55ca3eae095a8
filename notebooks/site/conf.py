"""Sphinx's settings for the static site; ``axialkit.course.site`` builds it.

Nothing on the pages is fetched from another host: formulas are MathML, and where a widget stood
in a lesson, its static form is shown.
"""

from typing import TYPE_CHECKING

from docutils import nodes
from latex2mathml.converter import convert

import axialkit
from axialkit.course.paper import explained, meanings

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

project = "axialkit"
author = "the axialkit authors"
project_copyright = author
version = release = axialkit.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
templates_path = ["templates"]
html_theme = "furo"
html_title = "axialkit"
html_favicon = "icon.svg"
html_copy_source = False

nb_execution_mode = "off"  # papermill has executed them
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
nb_ipywidgets_js = {}
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_heading_slug_func = "axialkit.course.site.anchor"
html_math_renderer = "mathml"

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False  # torch's own words on forward() say nothing here
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"


def _inline(page: "HTML5Translator", node: nodes.math) -> None:
    page.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(page: "HTML5Translator", node: nodes.math_block) -> None:
    page.body.append(convert(node.astext(), display="block"))
    raise nodes.SkipNode


def _explain_words(_app: "Sphinx", page: nodes.document) -> None:
    """Bold words of the glossary explain themselves where the mouse rests."""
    for word in list(page.findall(nodes.strong)):
        if meaning := meanings().get(word.astext().lower()):
            text = f"<strong>{explained(word.astext(), meaning)}</strong>"
            word.replace_self(nodes.raw("", text, format="html"))


def setup(app: "Sphinx") -> None:
    """Have Sphinx draw formulas as MathML, and explain the words of the course."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("doctree-read", _explain_words)
