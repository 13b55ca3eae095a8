from dataclasses import dataclass

import pytest

from axialkit.cli.parse import OptionalPath, parse, parse_size
from axialkit.errors import InputError


@dataclass(frozen=True)
class Arguments:
    """Do a thing.

    Examples:
      axialkit thing --count 3
    """

    count: int = 1
    """How many."""
    json: OptionalPath = None
    """Where to."""

    def __post_init__(self):
        if self.count > 9:
            raise InputError(f"--count must be below 10, got {self.count}.")


def test_values_are_read():
    arguments = parse(Arguments, ["--count", "3", "--json", "a/b.json"], "thing")
    assert arguments.count == 3
    assert str(arguments.json) == "a/b.json"
    assert parse(Arguments, [], "thing").json is None


def test_a_default_can_be_given():
    assert parse(Arguments, [], "thing", default=Arguments(count=5)).count == 5


def test_help_is_the_docstring_as_written(capsys):
    with pytest.raises(SystemExit) as stop:
        parse(Arguments, ["--help"], "thing")
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith("Do a thing.\n\nExamples:\n  axialkit thing --count 3\n")
    assert "usage: axialkit thing" in out
    assert "None" not in out


def test_a_rejected_value_is_the_dataclass_own_sentence(capsys):
    with pytest.raises(InputError, match=r"^--count must be below 10, got 11\.$"):
        parse(Arguments, ["--count", "11"], "thing")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("flags", "words"),
    [(["--conut", "3"], "--count"), (["--count", "x"], "invalid literal for int")],
)
def test_a_wrong_flag_exits_2_and_is_explained(capsys, flags, words):
    with pytest.raises(SystemExit) as stop:
        parse(Arguments, flags, "thing")
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def test_sizes():
    assert parse_size("128x256") == (128, 256)
    assert parse_size("64X128") == (64, 128)


@pytest.mark.parametrize("text", ["128", "128x", "x256", "128x256x3", "-1x5", "0x128", "axb"])
def test_a_wrong_size_names_the_form(text):
    with pytest.raises(InputError, match=f'HEIGHTxWIDTH in pixels, like 128x256, got "{text}"'):
        parse_size(text)
