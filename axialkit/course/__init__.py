"""What the notebooks import: ``import axialkit.course as nb``."""

from axialkit.course import capstone
from axialkit.course.bands import band
from axialkit.course.checks import Todo, check, use
from axialkit.course.explore import explore
from axialkit.course.glossary import glossary, words
from axialkit.course.hints import hint, solution
from axialkit.course.meter import budget, metrics
from axialkit.course.page import show, show_svg, show_widget
from axialkit.course.plan import path
from axialkit.course.predictions import predict, reveal
from axialkit.course.questions import quiz
from axialkit.course.session import setup
from axialkit.course.summary import summary

__all__ = [
    "Todo",
    "band",
    "budget",
    "capstone",
    "check",
    "explore",
    "glossary",
    "hint",
    "metrics",
    "path",
    "predict",
    "quiz",
    "reveal",
    "setup",
    "show",
    "show_svg",
    "show_widget",
    "solution",
    "summary",
    "use",
    "words",
]
