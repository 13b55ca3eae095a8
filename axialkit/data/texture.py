"""What makes a painted scene look photographed: texture of materials, vignette, sensor noise."""

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

# Material -> strength of fine (1 px), middle (3 px) and coarse (20 px) texture, grey levels.
MATERIALS: dict[str, tuple[float, float, float]] = {
    "flat": (0.0, 0.0, 0.0),
    "asphalt": (2.6, 1.6, 3.5),
    "pave": (2.6, 2.2, 3.0),
    "brick": (2.6, 2.6, 3.0),
    "plaster": (1.2, 1.4, 3.5),
    "leaf": (7.0, 8.0, 5.0),
    "grass": (5.0, 5.0, 7.0),
    "metal": (0.8, 0.8, 1.5),
    "cloth": (2.2, 1.5, 0.5),
}
MATERIAL_IDS = {name: number for number, name in enumerate(MATERIALS)}
_OCTAVES = (1, 3, 20)  # cell sizes in pixels at a height of 128


def smooth_noise(
    size: tuple[int, int], cell: tuple[int, int], rng: np.random.RandomState
) -> Float32[np.ndarray, "height width"]:
    """Return noise in about -1..1 that changes over cells of (height, width) pixels."""
    height, width = size
    rows, columns = height // cell[0] + 2, width // cell[1] + 2
    grid = Image.fromarray((rng.random_sample((rows, columns)) * 2 - 1).astype(np.float32))
    full = grid.resize((columns * cell[1], rows * cell[0]), Image.Resampling.BICUBIC)
    return np.asarray(full)[:height, :width]


def finish(
    image: UInt8[np.ndarray, "height width 3"],
    materials: UInt8[np.ndarray, "height width"],
    gain: float,
    rng: np.random.RandomState,
) -> UInt8[np.ndarray, "height width 3"]:
    """Add the materials' texture, a slight vignette and the sensor's noise (sigma 1..3)."""
    height, width = materials.shape
    unit = max(1, height // 128)
    strength = np.array(list(MATERIALS.values()), np.float32)
    texture = np.zeros((height, width), np.float32)
    for octave, cell in enumerate(_OCTAVES):
        noise = smooth_noise((height, width), (cell * unit, cell * unit), rng)
        texture += strength[:, octave][materials] * noise
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    vignette = (1 - 0.06 * (y**2 + x**2)).astype(np.float32)
    sigma = 1 + 2 * float(rng.random_sample())
    grain = rng.standard_normal((height, width, 3)).astype(np.float32) * np.float32(sigma)
    lit = (image + texture[..., None] * np.float32(1.7 * gain)) * vignette[..., None] + grain
    return np.clip(lit, 0, 255).astype(np.uint8)
