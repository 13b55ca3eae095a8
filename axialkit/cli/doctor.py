"""``axialkit doctor``: look at this machine and say what to do about what is missing."""

import os
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from axialkit.cli import checks
from axialkit.cli.checks import FAIL, Check
from axialkit.cli.parse import OptionalPath, parse
from axialkit.cli.roots import AVENUE_ROOT, CITYSCAPES_ROOT, MINICITY_ROOT
from axialkit.files import write_json


@dataclass(frozen=True)
class Arguments:
    """Check this machine: Python, packages, devices, disk, data, weights, extras, browser.

    Each line is ok, warn (something optional is missing) or fail (something essential is), and
    says what to do. Exit code 1 if a line fails.

    Examples:
      axialkit doctor
      axialkit doctor --json doctor.json     to attach to a report
      axialkit doctor --attention            which kernel computes attention here, and why

    Next:
      axialkit tour
    """

    data: Annotated[Path, tyro.conf.arg(metavar="ROOT")] = Path(MINICITY_ROOT)
    """Where MiniCity should be."""
    json: OptionalPath = None
    """Also write the report to this JSON file."""
    attention: bool = False
    """Instead, ask the attention kernels: which one computes typical layers, and why no other."""


def command(argv: list[str]) -> int:
    """Print the report; fail if something essential is missing."""
    arguments = parse(Arguments, argv, "doctor")
    if arguments.attention:
        from axialkit.cli.doctor_attention import print_attention

        print_attention()
        return 0
    report = []
    for check in examine(arguments.data):
        report.append(check)
        print(_line(check), flush=True)
    failed = [check.name for check in report if check.status == FAIL]
    warned = [check.name for check in report if check.status == checks.WARN]
    print()
    if failed:
        print(f"Something essential is missing: {', '.join(failed)}. See the lines marked fail.")
    elif warned:
        print(f"axialkit works here; still to do, if you need it: {', '.join(warned)}.")
    else:
        print("Everything is in place. Next: axialkit tour")
    if arguments.json is not None:
        write_json(arguments.json, [check._asdict() for check in report])
        print(f"Written: {arguments.json}")
    return 1 if failed else 0


def examine(minicity: Path) -> Iterator[Check]:
    """Run all checks, the quick and basic ones first."""
    folder = Path.cwd()
    yield checks.check_python()
    yield from checks.check_packages()
    yield from checks.check_torch()
    yield checks.check_memory()
    yield checks.check_disk(folder)
    yield checks.check_writable(folder)
    yield checks.check_data("MiniCity", minicity, f"axialkit data minicity --out {minicity}")
    if Path(AVENUE_ROOT).exists():
        again = "axialkit data minicity --scenes avenue"
        yield checks.check_data("MiniCity avenue", Path(AVENUE_ROOT), again)
    yield checks.check_data(
        "Cityscapes",
        Path(os.environ.get("CITYSCAPES_DATASET", CITYSCAPES_ROOT)),
        "Optional; data/README.md says how to get it.",
        checks.CITYSCAPES_COUNTS,
    )
    yield from checks.check_weights()
    yield checks.check_cache()
    yield from checks.check_extras()
    yield checks.check_chromium()


def _line(check: Check) -> str:
    text = f"{check.status:<5} {check.name:<20} {check.found}"
    advice = textwrap.indent(f"-> {check.advice}", " " * 6) if check.advice else ""
    return f"{text}\n{advice}" if advice else text
