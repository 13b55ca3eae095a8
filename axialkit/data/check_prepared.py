"""The prepared panoptic JSON of a split under test: does it list the images that are there?"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from axialkit.data.check_sample import AGAIN, PREPARED, UNREADABLE, Finding, Prepared
from axialkit.data.panoptic_files import panoptic_json
from axialkit.errors import InputError
from axialkit.files import read_json


def load_prepared(
    root: Path, split: str, labelled: set[str], complete: set[str]
) -> tuple[dict[str, tuple[Prepared, ...]], list[Finding]]:
    """Read the JSON files of a split; return what they say of each image, and what is wrong.

    ``labelled`` are the names with labels, ``complete`` those with an image, too: the official
    tool lists the former, ours the latter.
    """
    entries: dict[str, tuple[Prepared, ...]] = {}
    findings: list[Finding] = []
    for use_train_id in (False, True):
        path = panoptic_json(root, split, use_train_id=use_train_id)
        if not path.is_file():
            continue
        try:
            content = read_json(path)
            listed = _entries(content, path.with_suffix(""))
            images = [str(image["id"]) for image in content["images"]]
        except InputError as error:
            what = f"is not valid JSON ({error.__cause__})"
            findings.append(Finding(UNREADABLE, str(path), what, AGAIN))
            continue
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"is not in the form of a panoptic JSON ({type(error).__name__}: {error})"
            findings.append(Finding(PREPARED, str(path), what, AGAIN))
            continue
        findings += _compare_names(path, images, [name for name, _ in listed], labelled, complete)
        for name, prepared in listed:
            entries[name] = (*entries.get(name, ()), prepared)
    return entries, findings


def _entries(content: dict[str, Any], folder: Path) -> list[tuple[str, Prepared]]:
    sizes = {str(i["id"]): (int(i["height"]), int(i["width"])) for i in content["images"]}
    return [
        (
            str(annotation["image_id"]),
            Prepared(
                folder / annotation["file_name"],
                sizes.get(str(annotation["image_id"]), (0, 0)),
                {int(s["id"]): int(s["area"]) for s in annotation["segments_info"]},
            ),
        )
        for annotation in content["annotations"]
    ]


def _compare_names(
    path: Path,
    images: list[str],
    annotations: list[str],
    labelled: set[str],
    complete: set[str],
) -> list[Finding]:
    known = set(images)
    twice = [name for name, count in Counter(images).items() if count > 1]
    wrong = {
        f"leaves out images of the split (it lists {len(images)}):": complete - known,
        "lists an image without labels:": known - labelled,
        "lists an image twice:": twice,
        'has an image without entry under "annotations":': known - set(annotations),
        'has an entry under "annotations" without an image:': set(annotations) - known,
    }
    return [
        Finding(PREPARED, str(path), f"{what} {_some(names)}", AGAIN)
        for what, names in wrong.items()
        if names
    ]


def _some(names: Iterable[str]) -> str:
    first, *rest = sorted(names)
    return f"{first} and {len(rest)} more" if rest else first
