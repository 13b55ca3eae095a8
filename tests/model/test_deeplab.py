import numpy as np
import pytest
import torch

from axialkit.config import get_preset
from axialkit.errors import InputError
from axialkit.model import build_model
from axialkit.model.resize import resize, resize_offsets


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = build_model("tiny_avenue").eval()
    for head in (model.decoder.semantic, model.decoder.center, model.decoder.offset):
        torch.nn.init.normal_(head.weight)  # answers that vary
    return model


@pytest.mark.parametrize("size", [(65, 129), (64, 128), (129, 65), (33, 50)])
def test_answers_have_the_size_of_the_image(model, size):
    prediction = model(torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8))
    assert prediction.semantic.shape == (2, 19, *size)
    assert prediction.center.shape == (2, 1, *size)
    assert prediction.offset.shape == (2, 2, *size)


def test_uint8_and_float_images_are_the_same(model):
    image = torch.randint(0, 256, (1, 3, 65, 129), dtype=torch.uint8)
    for a, b in zip(model(image), model(image.float()), strict=True):
        assert torch.equal(a, b)


def test_mean_grey_is_zero(model):
    grey = torch.full((1, 3, 33, 33), 127.5)
    seen = []
    handle = model.backbone.stem.register_forward_pre_hook(lambda _m, args: seen.append(args[0]))
    model(grey)
    handle.remove()
    assert seen[0].abs().max() == 0


def test_stride_thins_out_the_full_answer(model):
    image = torch.randint(0, 256, (1, 3, 65, 129), dtype=torch.uint8)
    full, half = model(image), model(image, stride=2)
    for a, b in zip(full, half, strict=True):
        torch.testing.assert_close(a[..., ::2, ::2], b, rtol=1e-4, atol=1e-4)


def test_grey_images_are_refused(model):
    with pytest.raises(ValueError, match="RGB"):
        model(torch.zeros(1, 1, 33, 33))


def test_unknown_preset_gets_a_suggestion():
    with pytest.raises(InputError, match='Did you mean "tiny_avenue"'):
        build_model("tiny_avenu")


def test_building_is_reproducible():
    models = []
    for _ in range(2):
        torch.manual_seed(3)
        models.append(build_model(get_preset("tiny")))
    a, b = (m.state_dict() for m in models)
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_resize_equals_the_reference(load_golden):
    arrays = load_golden("model/layers/resize.npz")
    names = [name for name in arrays if name.startswith(("bilinear", "offset"))]
    assert names
    for name in names:
        kind, i = name[:-1], name[-1]
        x = torch.from_numpy(arrays[f"x{i}"]).permute(0, 3, 1, 2)
        golden = np.transpose(arrays[name], (0, 3, 1, 2))
        size = golden.shape[-2:]
        ours = resize(x, size) if kind == "bilinear" else resize_offsets(x[:, :2], size)
        np.testing.assert_allclose(ours, golden, rtol=0, atol=5e-5 * max(1, abs(golden).max()))
