import math

import numpy as np
import pytest
import torch

from axialkit.config import LossConfig
from axialkit.losses import losses_per_sample, panoptic_losses
from axialkit.structures import Prediction, Targets
from tests.conftest import golden_cases

CASES = golden_cases("data/loss_*.npz")
TERMS = ("semantic", "center", "regression")  # the reference's names, in the order of LossTerms


def channels_first(array):
    return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous()


def prediction_of(arrays):
    prediction = Prediction(
        semantic=channels_first(arrays["pred_semantic_logits"]),
        center=torch.from_numpy(arrays["pred_center_heatmap"])[:, None],
        offset=channels_first(arrays["pred_offset_map"]),
    )
    return Prediction(*(tensor.requires_grad_() for tensor in prediction))


def targets_of(arrays):
    return Targets(
        semantic=torch.from_numpy(arrays["gt_semantic_gt"]).long(),
        semantic_weight=torch.from_numpy(arrays["gt_semantic_loss_weight"]),
        center=torch.from_numpy(arrays["gt_instance_center_gt"]),
        center_weight=torch.from_numpy(arrays["gt_center_loss_weight"]),
        offset=channels_first(arrays["gt_instance_regression_gt"]),
        offset_weight=torch.from_numpy(arrays["gt_regression_loss_weight"]),
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_values_equal_the_reference(path, load_golden):
    arrays = load_golden(path)
    config = LossConfig(top_k=float(arrays["top_k"]))
    terms = losses_per_sample(prediction_of(arrays), targets_of(arrays), config)
    for name, term in zip(TERMS, terms, strict=True):
        expected = arrays[f"per_sample_{name}_loss"]
        np.testing.assert_allclose(term.detach(), expected, rtol=2e-6, err_msg=name)
    total = sum(panoptic_losses(prediction_of(arrays), targets_of(arrays), config))
    np.testing.assert_allclose(total.item(), arrays["mean_total"], rtol=2e-6)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_gradients_equal_the_reference(path, load_golden):
    arrays = load_golden(path)
    prediction = prediction_of(arrays)
    config = LossConfig(top_k=float(arrays["top_k"]))
    sum(panoptic_losses(prediction, targets_of(arrays), config)).backward()
    for ours, name in zip(
        prediction, ("semantic_logits", "center_heatmap", "offset_map"), strict=True
    ):
        expected = arrays[f"grad_{name}"]
        gradient = ours.grad.movedim(1, -1).reshape(expected.shape).numpy()
        largest = np.abs(expected).max()
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=2e-5 * largest, err_msg=name)


def random_case(seed=0, batch=2, classes=5, size=(6, 7)):
    random = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=random)

    truth = torch.randint(0, classes, (batch, *size), generator=random)
    truth[torch.rand(truth.shape, generator=random) < 0.3] = 255
    mask = (torch.rand((3, batch, *size), generator=random) < 0.6).float()
    prediction = Prediction(
        normal(batch, classes, *size), normal(batch, 1, *size), normal(2, 2, *size)
    )
    targets = Targets(
        truth, 1 + 2 * mask[0], normal(batch, *size), mask[1], normal(2, 2, *size), mask[2]
    )
    return prediction, targets


def naive_mean(errors):
    kept = [error for error in errors if error != 0]
    return sum(kept) / len(kept) if kept else 0.0


def naive_losses(prediction, targets, config, sample):
    """The three terms of one sample, pixel by pixel in Python numbers."""
    cross_entropy, squared, distance = [], [], []
    height, width = targets.semantic.shape[1:]
    for y in range(height):
        for x in range(width):
            logits = prediction.semantic[sample, :, y, x].tolist()
            truth = int(targets.semantic[sample, y, x])
            normaliser = math.log(sum(math.exp(logit) for logit in logits))
            error = 0.0 if truth == 255 else normaliser - logits[truth]
            cross_entropy.append(error * float(targets.semantic_weight[sample, y, x]))
            difference = prediction.center[sample, 0, y, x] - targets.center[sample, y, x]
            squared.append(float(difference) ** 2 * float(targets.center_weight[sample, y, x]))
            apart = prediction.offset[sample, :, y, x] - targets.offset[sample, :, y, x]
            half = (abs(float(apart[0])) + abs(float(apart[1]))) / 2
            distance.append(half * float(targets.offset_weight[sample, y, x]))
    keep = round(config.top_k * height * width)
    return (
        config.semantic * naive_mean(sorted(cross_entropy, reverse=True)[:keep]),
        config.center * naive_mean(squared),
        config.offset * naive_mean(distance),
    )


@pytest.mark.parametrize("top_k", [0.2, 0.9, 1.0])
def test_values_equal_the_naive_loops(top_k):
    prediction, targets = random_case()
    config = LossConfig(semantic=2.0, center=3.0, offset=0.5, top_k=top_k)
    terms = losses_per_sample(prediction, targets, config)
    for sample in range(2):
        expected = naive_losses(prediction, targets, config, sample)
        assert [float(term[sample]) for term in terms] == pytest.approx(expected, rel=1e-5)


def test_batch_term_is_the_plain_mean_of_its_samples():
    prediction, targets = random_case(seed=1)
    targets.center_weight[0, 1:] = 0  # few pixels in one sample must not weigh less
    config = LossConfig()
    alone = losses_per_sample(prediction, targets, config)
    together = panoptic_losses(prediction, targets, config)
    for term, samples in zip(together, alone, strict=True):
        assert float(term) == pytest.approx(float(samples[0] + samples[1]) / 2, rel=1e-6)


def test_all_void_sample_costs_nothing_and_pulls_nowhere():
    prediction, targets = random_case(seed=2)
    prediction = Prediction(*(tensor.requires_grad_() for tensor in prediction))
    targets.semantic[0], targets.center_weight[0], targets.offset_weight[0] = 255, 0, 0
    terms = losses_per_sample(prediction, targets, LossConfig())
    assert [term[0].item() for term in terms] == [0, 0, 0]
    assert all(term[1].item() > 0 for term in terms)
    sum(panoptic_losses(prediction, targets, LossConfig())).backward()
    for tensor in prediction:
        assert tensor.grad[0].abs().max() == 0
        assert tensor.grad[1].abs().max() > 0


def test_small_instances_are_taken_first_and_count_in_full():
    prediction, targets = random_case(seed=3, batch=2, classes=2, size=(2, 5))
    truth = torch.zeros_like(targets.semantic)
    weight = torch.ones_like(targets.semantic_weight)
    weight[:, 0, 0] = 3
    targets = targets._replace(semantic=truth, semantic_weight=weight)
    even = prediction._replace(semantic=torch.zeros_like(prediction.semantic))
    terms = losses_per_sample(even, targets, LossConfig(top_k=0.1))  # keeps one pixel of ten
    assert terms.semantic.tolist() == pytest.approx([3 * math.log(2)] * 2)


def test_enormous_logits_stay_finite():
    prediction, targets = random_case(seed=4)
    prediction = Prediction(*(tensor.detach().mul(1e4).requires_grad_() for tensor in prediction))
    total = sum(panoptic_losses(prediction, targets, LossConfig()))
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(tensor.grad).all() for tensor in prediction)
