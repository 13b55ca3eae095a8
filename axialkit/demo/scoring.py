"""An answer beside the ground truth: which segments match, and what each head costs."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw
from typing_extensions import TypedDict

from axialkit.config import PostprocessConfig
from axialkit.data.cityscapes import TRAIN_CLASSES, panoptic_label
from axialkit.demo.comparing import Truth
from axialkit.demo.network import Network, Seen
from axialkit.evaluation.average_precision import Detections, average_precision, is_available
from axialkit.evaluation.oracle import STEPS, oracle_counts
from axialkit.evaluation.panoptic_quality import (
    Matching,
    PanopticQuality,
    SegmentOverlap,
    match_segments,
    segment_overlap,
)
from axialkit.evaluation.semantic import MeanIoU
from axialkit.segment_scores import score_segments
from axialkit.structures import LABEL_DIVISOR, VOID, PanopticResult
from axialkit.visualize.answer_picture import label_font
from axialkit.visualize.colors import Picture, boundaries
from axialkit.visualize.name_spots import name_spots
from axialkit.visualize.panoptic import enlarge, segment_name

HEADERS = ["true segment", "found as", "IoU %", "counts as"]
LADDER_HEADERS = ["heads replaced by the truth", "PQ", "SQ", "RQ"]
MATCH, MISSED, SPURIOUS, FORGIVEN = "match", "missed", "spurious", "forgiven (on void)"
_BLUE, _ORANGE = (0, 114, 178), (213, 94, 0)
_SIDE, _LETTERS, _TITLE = 760, 17, 34  # pixels: width of a panel, its letters, its heading


class SegmentScore(TypedDict):
    """One line of the account; names are empty where there is no segment."""

    true: str
    found: str
    iou: float  # 0..1; 0 without a match
    verdict: str


class Scores(NamedTuple):
    """How good one answer is; all in percent."""

    pq: float
    sq: float
    rq: float
    miou: float
    ap: float | None  # None: pycocotools is not installed, or there is no thing
    segments: list[SegmentScore]
    ladder: list[tuple[str, float, float, float]]  # step, PQ, SQ, RQ
    picture: Picture
    words: str


def score(
    network: Network, seen: Seen, truth: Truth, settings: PostprocessConfig | None = None
) -> Scores:
    """Score the answer to a picture whose truth is known (values of instanceIds.png)."""
    result = network.answer(seen, settings)
    overlap = segment_overlap(result.panoptic, truth)
    matching = match_segments(overlap)
    quality, miou = PanopticQuality(), MeanIoU()
    quality.add(overlap)
    miou.update(result.semantic, truth)
    all_ = quality.scores().all
    account = _account(overlap, matching)
    pq, sq, rq = (100 * value for value in all_[:3])
    return Scores(
        *(pq, sq, rq),
        miou=100 * miou.mean("official"),
        ap=_average_precision(overlap, result),
        segments=account,
        ladder=_ladder(network, seen, truth),
        picture=_draw(seen, result, truth, overlap, matching),
        words=_words(account, (pq, sq, rq), all_.n),
    )


def _account(overlap: SegmentOverlap, matching: Matching) -> list[SegmentScore]:
    rows: list[SegmentScore] = []
    for t, p in np.argwhere(matching.iou).tolist():
        found = segment_name(int(overlap.predicted_label[p]))
        iou = float(matching.iou[t, p])
        rows.append({"true": _true_name(overlap, t), "found": found, "iou": iou, "verdict": MATCH})
    for t in np.flatnonzero(matching.false_negative).tolist():
        rows.append({"true": _true_name(overlap, t), "found": "", "iou": 0.0, "verdict": MISSED})
    matched = matching.iou.max(axis=0) > 0
    for p in range(1, len(overlap.predicted_label)):
        if not matched[p]:
            verdict = SPURIOUS if matching.false_positive[p] else FORGIVEN
            found = segment_name(int(overlap.predicted_label[p]))
            rows.append({"true": "", "found": found, "iou": 0.0, "verdict": verdict})
    return rows


def _true_name(overlap: SegmentOverlap, index: int) -> str:
    """Name a true segment: "road", "car (26003)"."""
    name, number = (
        TRAIN_CLASSES[int(overlap.truth_class[index])].name,
        int(overlap.truth_id[index]),
    )
    return name if number < LABEL_DIVISOR else f"{name} ({number})"


def _average_precision(overlap: SegmentOverlap, result: PanopticResult) -> float | None:
    if not is_available():
        return None
    scores = {one.label: one.score for one in score_segments(result)}
    value = average_precision([Detections(overlap, scores)]).ap
    return None if np.isnan(value) else 100 * value


def _ladder(network: Network, seen: Seen, truth: Truth) -> list[tuple[str, float, float, float]]:
    counts = oracle_counts(seen.prediction, truth, network.config)
    rows = []
    for step, table in zip(STEPS, counts, strict=True):
        quality = PanopticQuality()
        quality.counts = table
        pq, sq, rq = (100 * value for value in quality.scores().all[:3])
        rows.append((step, pq, sq, rq))
    return rows


def _words(account: list[SegmentScore], quality: tuple[float, float, float], classes: int) -> str:
    counts = {
        verdict: sum(row["verdict"] == verdict for row in account)
        for verdict in (MATCH, MISSED, SPURIOUS)
    }
    pq, sq, rq = quality
    return (
        f"{counts[MATCH]} segments match (IoU above one half), {counts[MISSED]} are missed, "
        f"{counts[SPURIOUS]} spurious. PQ {pq:.1f}, SQ {sq:.1f} and RQ {rq:.1f} are means over "
        f"the {classes} classes of this picture; PQ = SQ × RQ holds class by class, not for the "
        "means. Forgiven is what was found where the truth says nothing. The ladder below puts the "
        "truth in the place of some heads; one true head alone can score lower, since offsets and "
        "centers have to fit each other."
    )


# --- the picture ------------------------------------------------------------------------------


def _draw(
    seen: Seen,
    result: PanopticResult,
    truth: Truth,
    overlap: SegmentOverlap,
    matching: Matching,
) -> UInt8[np.ndarray, "rows columns 3"]:
    """Draw truth and answer side by side; blue is matched, orange is not, and words say so."""
    found_iou, true_iou = matching.iou.max(axis=0), matching.iou.max(axis=1)
    labels = panoptic_label(truth.astype(np.int32), keep_crowd=False)
    found = {
        int(label): (iou, MATCH if iou else SPURIOUS if wrong else FORGIVEN)
        for label, iou, wrong in zip(
            overlap.predicted_label, found_iou, matching.false_positive, strict=True
        )
    }
    true = {
        int(panoptic_label(np.array([[number]], np.int32), keep_crowd=False)[0, 0]): (
            iou, MATCH if iou else MISSED
        )
        for number, iou in zip(overlap.truth_id[1:], true_iou[1:], strict=True)
    }  # fmt: skip
    panels = [
        _panel(seen.image, labels, true, "Ground truth"),
        _panel(seen.image, result.panoptic, found, "Found"),
    ]
    sheet = Image.new("RGB", (2 * _SIDE + 10, panels[0].height), "white")
    sheet.paste(panels[0], (0, 0))
    sheet.paste(panels[1], (_SIDE + 10, 0))
    return np.asarray(sheet)


def _panel(
    image: Picture, panoptic: np.ndarray, verdicts: dict[int, tuple[float, str]], title: str
) -> Image.Image:
    shown, labels = enlarge(image, panoptic.astype(np.int32), _SIDE)
    picture = (shown * 0.45 + shown.mean(axis=2, keepdims=True) * 0.1).astype(np.float32)
    for label, (_, verdict) in verdicts.items():
        color = _BLUE if verdict == MATCH else _ORANGE
        inside = labels == label
        if label != VOID:
            picture[inside] += 0.45 * np.array(color, np.float32)
    picture[boundaries(labels)] = 255
    panel = Image.new("RGB", (_SIDE, shown.shape[0] + _TITLE), "white")
    panel.paste(Image.fromarray(picture.round().clip(0, 255).astype(np.uint8)), (0, _TITLE))
    draw = ImageDraw.Draw(panel)
    key = "blue: matched, with its IoU; orange: " + (
        "missed" if title == "Ground truth" else "spurious or forgiven"
    )
    draw.text((4, _TITLE / 2), f"{title} – {key}", "black", label_font(_LETTERS), "lm")
    for spot in name_spots(labels, thinnest=float(_LETTERS)):
        iou, verdict = verdicts.get(spot.label, (0.0, ""))
        said = f"{100 * iou:.0f} %" if verdict == MATCH else verdict.partition(" ")[0]
        text = f"{segment_name(spot.label)}\n{said}"
        x = min(max(spot.x, 40), _SIDE - 40)
        draw.multiline_text(
            (x, spot.y + _TITLE), text, "white", label_font(15, bold=True), "mm", align="center",
            stroke_width=2, stroke_fill="black",
        )  # fmt: skip
    return panel
