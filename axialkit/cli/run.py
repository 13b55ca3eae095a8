"""From the words on the command line to a command, and from any error to one plain sentence."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import axialkit
from axialkit.errors import LOST, InputError, is_loss_of_others, suggest

EXTRA_OF_MODULE = {
    "gradio": "demo",
    "cityscapesscripts": "data",
    "pycocotools": "data",
    "jupyterlab": "notebooks",
    "papermill": "notebooks",
    "tensorboard": "tensorboard",
    "onnx": "export",
    "onnxruntime": "export",
    "onnxscript": "export",
    "av": "video",
}
_OS_ERRORS = {
    errno.ENOSPC: "The disk is full: cannot write {path}. Free some space, or write elsewhere.",
    errno.EDQUOT: "Your disk quota is used up: cannot write {path}. Free some space there.",
    errno.EROFS: "Cannot write {path}: this disk is read-only. Choose another folder.",
    errno.EACCES: "No permission for {path}. Choose another folder or change its rights.",
    errno.EPERM: "No permission for {path}. Choose another folder or change its rights.",
    errno.ENOENT: "There is no file or folder {path}.",
    errno.ENOTDIR: "A part of {path} is a file, not a folder. Choose another path.",
    errno.EISDIR: "{path} is a folder, but a file is needed. Give the path of a file.",
    errno.EEXIST: "{path} exists already. Choose another path.",
    errno.ENAMETOOLONG: "The name {path} is too long for this disk. Choose a shorter one.",
    errno.ENOMEM: "Out of memory. Use a smaller --train.batch-size or --data.crop-size.",
    errno.EADDRINUSE: "The port is in use already. Give another with --port.",
}
_FULL_DISK = ("No space left on device", "PytorchStreamWriter failed", "iostream error")


class Command(NamedTuple):
    """One command: ``function`` of a module in ``axialkit/cli``, by default its first word's.

    The group and the summary are for the overview.
    """

    name: str
    group: str
    summary: str
    function: str = "command"
    module: str = ""

    def __call__(self, argv: list[str]) -> int:
        module = import_module(f"axialkit.cli.{self.module or self.name.split()[0]}")
        return getattr(module, self.function)(argv)


def run(commands: Sequence[Command], argv: list[str] | None = None) -> int:
    """Run the command that ``argv`` names and return the exit code; no exception leaves here."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        return _dispatch(commands, words)
    except SystemExit as stop:  # tyro's way out: 0 after --help, 2 after a wrong flag
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt as stop:  # a command may say how to go on
        remedy = str(stop) or "The same command starts again."
        _say(f"Interrupted; no file is half-written. {remedy}")
        return 130
    except BrokenPipeError:  # `axialkit zoo | head`: nobody reads on, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the border: nothing may pass it as a traceback
        if debug:
            traceback.print_exc()
        sentence = explain(error)
        if sentence is not None:
            _say(sentence)
            return 2
        _say(
            f"This is a bug in axialkit ({type(error).__name__}: {_first_line(error)}). "
            "Run the command again with --debug and report the traceback."
        )
        return 1


def explain(error: BaseException) -> str | None:
    """Return the plain sentence for an error that the user can mend, or None for a bug."""
    message = str(error)
    if isinstance(error, InputError):
        # torch wraps an error of a worker process into its traceback: the sentence is at the end
        return message.rsplit("axialkit.errors.InputError: ", 1)[-1].strip()
    if is_loss_of_others(error):
        return f"{LOST}. What the one that ended first says is the reason."
    if any(sign in message for sign in _FULL_DISK):
        return _OS_ERRORS[errno.ENOSPC].format(path=getattr(error, "filename", None) or "a file")
    if isinstance(error, OSError) and error.errno is not None:
        path = error.filename2 or error.filename or "a file"
        known = _OS_ERRORS.get(error.errno)
        return known.format(path=path) if known else f"{path}: {error.strerror}."
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return _OS_ERRORS[errno.ENOMEM]
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "axialkit").split(".")[0]
        if package == "axialkit":  # a module of ours: nothing to install
            return None
        extra = EXTRA_OF_MODULE.get(package)
        wanted = f".[{extra}]" if extra else "."
        return (
            f"The package {error.name} is missing in {sys.prefix}. Install it with: pip install -e "
            f'"{wanted}" in your clone. After `make lab` or `make test` the program with all its '
            "packages is .venv/bin/axialkit."
        )
    return None


def overview(commands: Sequence[Command]) -> str:
    """Return the text of ``axialkit --help``."""
    lines = [
        f"axialkit {axialkit.__version__}: learn, see and use Axial-DeepLab",
        "(position-sensitive axial attention, panoptic segmentation of street scenes)",
        "",
        "usage: axialkit COMMAND [options]     axialkit COMMAND --help  explains one command",
    ]
    group = ""
    for command in commands:
        if command.group != group:
            group = command.group
            lines += ["", group]
        lines.append(f"  {command.name:<18} {command.summary}")
    lines += [
        "",
        "Examples",
        "  axialkit tour                                  start here",
        "  axialkit predict tiny street.png --out seen    overlay, label file and table",
        "  axialkit train tiny --train.steps 300          a short training of your own",
        "  axialkit evaluate runs/tiny                    its score, by the official script",
        "",
        "Everywhere",
        "  --debug        show the traceback behind an error",
        "  --version      print the version",
        "  exit codes     0 fine, 1 a check failed, 2 something to mend in the input, 130 Ctrl-C",
    ]
    return "\n".join(lines)


def _dispatch(commands: Sequence[Command], words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview(commands))
        return 0 if words else 2
    if words[0] == "--version":
        print(f"axialkit {axialkit.__version__}")
        return 0
    for command in commands:
        length = len(command.name.split())
        if " ".join(words[:length]) == command.name:
            return command(words[length:])
    return _unknown(commands, words)


def _unknown(commands: Sequence[Command], words: list[str]) -> int:
    group = [c for c in commands if " " in c.name and c.name.split()[0] == words[0]]
    if group and (len(words) == 1 or words[1] in ("-h", "--help")):
        kinds = "|".join(c.name.split()[1] for c in group)
        print(f"usage: axialkit {words[0]} {kinds} [options]\n")
        print("\n".join(f"  axialkit {c.name:<15} {c.summary}" for c in group))
        return 0 if len(words) > 1 else 2
    name = " ".join(words[:2]) if group else words[0]
    known = [command.name for command in group or commands]
    raise InputError(
        f'There is no command "{name}".{suggest(name, known)} Commands: {", ".join(known)}.'
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "no message"


def _say(sentence: str) -> None:
    print(f"axialkit: {sentence}", file=sys.stderr)
