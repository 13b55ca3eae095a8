"""The controls of the page, in groups that belong together."""

from typing import NamedTuple

from axialkit.demo.gradio_quietly import gr


class Source(NamedTuple):
    """Where a picture comes from."""

    image: gr.Image
    number: gr.Number
    roll: gr.Button
    examples: gr.Dataset  # by index


class Lens(NamedTuple):
    """From which pixel, layer and heads to look, in the order of ``read_question``."""

    y: gr.Number
    x: gr.Number
    layer: gr.Slider
    column_head: gr.Slider
    row_head: gr.Slider
    order: gr.Radio
    terms: gr.CheckboxGroup


class Brush(NamedTuple):
    """How the answer is painted, in the order of ``read_painting``."""

    coloring: gr.Radio
    marks: gr.CheckboxGroup
    palette: gr.Radio
    opacity: gr.Slider
    shown: gr.CheckboxGroup


class Answer(NamedTuple):
    """The panoptic answer."""

    overlay: gr.Image
    legend: gr.HTML
    note: gr.Markdown
    table: gr.Dataframe
    segment: gr.Dropdown  # the one that is lit
    group: gr.Dropdown  # of segment mode


class Look(NamedTuple):
    """Where a pixel looks."""

    picture: gr.Image
    words: gr.Markdown
    bars: gr.HTML
    pinned: gr.Image
    facts: gr.HTML  # which cell asks


class Compared(NamedTuple):
    """Two ways of computing."""

    maps: gr.Image
    before: gr.Image
    after: gr.Image
    table: gr.Dataframe
    words: gr.Markdown


class Scored(NamedTuple):
    """An answer beside the truth."""

    words: gr.Markdown
    picture: gr.Image
    table: gr.Dataframe
    ladder: gr.Dataframe


class Taken(NamedTuple):
    """What a visitor can take along."""

    told: gr.Markdown  # for which view
    link: gr.Textbox
    files: gr.File
    programs: tuple[gr.Code, ...]
