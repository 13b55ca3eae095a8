"""What the kit needs and what is installed: the check of every lesson, and the set-up in Colab.

Only the standard library and ``packaging`` are imported, as nothing else may be there yet.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from axialkit.errors import InputError

Run = Callable[[Sequence[str]], int]


class State(NamedTuple):
    """The kit's requirements, held against this Python."""

    absent: list[Requirement]
    unfit: dict[str, Requirement]  # "torch 2.1.0 (axialkit needs >=2.5)" -> the requirement


def needed() -> list[Requirement]:
    """Return the core requirements of the installed kit; none where it runs from a bare folder."""
    try:
        lines = metadata.requires("axialkit") or []
    except metadata.PackageNotFoundError:
        return []
    requirements = map(Requirement, lines)
    return [each for each in requirements if each.marker is None or each.marker.evaluate()]


def state(requirements: Sequence[Requirement]) -> State:
    """Sort out what is not installed, and what is there in a version that does not fit."""
    found = State([], {})
    for requirement in requirements:
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            found.absent.append(requirement)
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            said = f"{requirement.name} {version} (axialkit needs {requirement.specifier})"
            found.unfit[said] = requirement
    return found


def check() -> None:
    """Make sure that everything the kit needs is there, in a version that fits.

    Raises:
        InputError: something is absent or does not fit; says what to install.
    """
    found = state(needed())
    if found.absent or found.unfit:
        wrong = [*found.unfit, *(f"{each.name} is not installed" for each in found.absent)]
        asked = " ".join(f'"{each}"' for each in [*found.unfit.values(), *found.absent])
        raise InputError(
            f"This Python does not fit: {'; '.join(wrong)}. "
            f"Run `make lab` again, or: {sys.executable} -m pip install {asked}"
        )


def install_absent(run: Run = subprocess.call) -> list[str]:
    """Install what is absent and leave everything else as it is; return what was installed.

    pip is held to the versions of all installed packages, so it cannot replace torch or numpy.

    Raises:
        InputError: an installed version does not fit, or pip fails.
    """
    found = state(needed())
    if found.unfit:
        raise InputError(
            f"The kit does not fit the packages here: {'; '.join(found.unfit)}. It replaces none "
            "of them: use a version of axialkit that fits."
        )
    names = [str(each) for each in found.absent]
    if not names:
        return []
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "installed.txt"
        held.write_text("\n".join(_installed()), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "-q", "-c", str(held), *names]
        if run(command) != 0:
            raise InputError(f"pip could not install {', '.join(names)}. Its message is above.")
    return [each.name for each in found.absent]


def _installed() -> list[str]:
    """Return every installed package as a constraint, without local versions (``+cu128``)."""
    pins = {each.name: each.version.split("+")[0] for each in metadata.distributions() if each.name}
    return [f"{name}=={version}" for name, version in sorted(pins.items())]


def prepare_colab() -> None:
    """Get a hosted notebook ready: what is absent, and widgets that are not Colab's own."""
    from google.colab import output  # there and nowhere else

    installed = install_absent()
    output.enable_custom_widget_manager()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "numpy"))
    print(f"installed: {', '.join(installed) or 'nothing'}; left as they were: {versions}")
