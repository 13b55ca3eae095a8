"""A backbone under an ImageNet head: global average pooling and one linear layer."""

from jaxtyping import Float, Shaped
from torch import Tensor, nn

from axialkit.model.backbone import AxialResNet
from axialkit.model.deeplab import normalize

IMAGENET_CLASSES = 1000


class AxialClassifier(nn.Module):
    """Image classification with any backbone, as in its pre-training.

    ``images`` are RGB ``[batch, 3, height, width]``, uint8 or float in 0..255, of any size; the
    answer is one logit per class. The stacked decoder, where there is one, takes part.

    Raises:
        ValueError: images that are not ``[batch, 3, height, width]``.

    Example::

        model = axialkit.build_classifier("max_deeplab_s_backbone").eval()
        logits = model(torch.zeros(1, 3, 224, 224))
    """

    def __init__(self, backbone: AxialResNet, num_classes: int = IMAGENET_CLASSES) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Linear(backbone.top_channels, num_classes)

    def forward(self, images: Shaped[Tensor, "..."]) -> Float[Tensor, "batch klass"]:
        return self.classifier(self.backbone.top(normalize(images)).mean(dim=(2, 3)))
