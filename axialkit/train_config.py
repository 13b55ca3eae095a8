"""The part of a configuration on training: optimiser, schedule, habits of a run.

The defaults are the authors' recipe. The strings under the fields are the command line's help.
"""

from dataclasses import dataclass
from typing import Literal

from axialkit.network_config import require


@dataclass(frozen=True)
class TrainConfig:
    """Optimiser, schedule and habits of a run."""

    steps: int = 60_000
    """Updates of the weights."""
    batch_size: int = 32
    """Images per update, of all processes together."""
    accumulate: int = 1
    """Take a batch in this many pieces, one after the other (batch statistics are per piece)."""
    learning_rate: float = 1e-4
    """Peak learning rate."""
    rate_for_batch: int = 0
    """The batch that learning_rate is meant for, scaled linearly to batch_size; 0 = as it is."""
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """adam: as published (Keras' epsilon); adamw: decay on matrices; sgd: Keras' momentum."""
    weight_decay: float = 0.0
    """Only for adamw, and only on weights with two or more dimensions."""
    momentum: float = 0.9
    """Only for sgd."""
    backbone_rate: float = 1.0
    """Learning rate of the backbone as a multiple of the others'; 0 freezes it."""
    schedule: Literal["poly", "cosine"] = "poly"
    """How the learning rate falls: (1 - s/N)^0.9, or half a cosine."""
    warmup: float = 0.0
    """Share of the steps with a linearly rising learning rate."""
    clip_norm: float = 0.0
    """Largest norm of the whole gradient; 0 = no clipping."""
    ema: float = 0.0
    """Also average the weights, keeping this share per step (such as 0.9999); 0 = no average."""
    precision: Literal["float32", "bfloat16", "float16", "float64"] = "float32"
    """bfloat16, float16: mixed, for GPUs; float64: all of it, to compare runs."""
    recompute: tuple[int, ...] = ()
    """Stages of the backbone that save memory: computed again on the way back."""
    compile: bool = False
    """Compile the network with torch.compile: minutes at the start, faster steps."""
    skip_bad_losses: int = 0
    """Leave out up to this many steps whose loss is not finite; 0 = stop at the first."""
    seed: int = 0
    """Seed of weights, order of images, augmentation and drop path."""
    checkpoint_every: int = 1000
    """Steps between checkpoints."""
    keep_checkpoints: int = 5
    """How many of the last checkpoints are kept until the run ends."""
    evaluate_every: int = 0
    """Steps between evaluations, of which the best weights are kept; 0 = only at the end."""
    log_every: int = 20
    """Steps between lines in the log and points in TensorBoard."""
    show_every: int = 1000
    """Steps between pictures of predictions in TensorBoard; 0 = none."""
    workers: int = 1
    """Helpers of each process that read and augment images; 0 = none."""
    threads: int = 0
    """CPU threads of the computation; 0 = one per core."""
    sync_batch_norm: bool = True
    """Batch statistics over all processes, as published; no: deeplab2's plain class."""
    init_from: str = ""
    """Weights to start from: imagenet, cityscapes, a checkpoint, a weights file, or a run."""
    init_semantic_last_layer: bool = True
    """Take over the last layer of the semantic head, too (no: the classes differ)."""
    init_instance_last_layers: bool = True
    """Take over the last layers of the center and offset heads, too."""

    def __post_init__(self) -> None:
        """Reject counts that cannot train."""
        require(self.steps > 0, "train.steps must be positive", self.steps)
        require(self.batch_size > 0, "train.batch_size must be positive", self.batch_size)
        require(self.accumulate > 0, "train.accumulate must be positive", self.accumulate)
        require(self.learning_rate > 0, "train.learning_rate must be positive", self.learning_rate)
        require(self.rate_for_batch >= 0, "rate_for_batch must be 0 or more", self.rate_for_batch)
        require(0 <= self.momentum < 1, "train.momentum must lie in [0, 1)", self.momentum)
        require(self.backbone_rate >= 0, "backbone_rate must be 0 or more", self.backbone_rate)
        require(0 <= self.ema < 1, "train.ema must lie in [0, 1)", self.ema)
        require(self.skip_bad_losses >= 0, "skip_bad_losses must be >= 0", self.skip_bad_losses)
        require(self.checkpoint_every > 0, "checkpoint_every must be > 0", self.checkpoint_every)
        require(self.keep_checkpoints > 0, "keep_checkpoints must be > 0", self.keep_checkpoints)
        require(self.evaluate_every >= 0, "evaluate_every must be >= 0", self.evaluate_every)
        require(self.log_every > 0, "train.log_every must be > 0", self.log_every)
        require(self.show_every >= 0, "train.show_every must be >= 0", self.show_every)
        require(0 <= self.warmup < 1, "train.warmup must lie in [0, 1)", self.warmup)
        require(self.seed >= 0, "train.seed must be 0 or larger", self.seed)
