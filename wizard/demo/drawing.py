"""Generated scenes: a few overlapping shapes with their outlines, and a picture of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Regions = NDArray[np.uint8]
Picture = NDArray[np.uint8]
Polygon = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene: which region each pixel belongs to, and the outline each region was drawn from."""

    regions: Regions
    """uint8 (H, W); 0 is the background, region i of the outlines is i + 1."""
    outlines: tuple[Polygon, ...]

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.regions.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.regions.shape[1])

    @property
    def count(self) -> int:
        """Number of regions, the background included; each has pixels."""
        return len(self.outlines) + 1


class Artist:
    """Draws scenes, the same ones for the same seed and names."""

    def __init__(self, seed: int, *names: str) -> None:
        self.rng = np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])

    def scene(self, count: int, size: tuple[int, int] | None = None) -> Scene:
        """Draw ``count`` regions, the background included, each with pixels of its own."""
        width, height = size or self._size()
        canvas = Image.new("L", (width, height), 0)
        draw = ImageDraw.Draw(canvas)
        centres = self._centres(count - 1, width, height)
        outlines = tuple(self._outline(centre, width, height) for centre in centres)
        for value, outline in enumerate(outlines, start=1):
            draw.polygon(outline, fill=value)
        for value, (x, y) in enumerate(centres, start=1):
            draw.rectangle((x - 2, y - 2, x + 2, y + 2), fill=value)
        draw.rectangle((0, 0, 3, 3), fill=0)
        return Scene(np.asarray(canvas, dtype=np.uint8), outlines)

    def picture(self, scene: Scene) -> Picture:
        """Paint a scene as if photographed: uint8 (H, W, 3), shaded and a little noisy."""
        tones = self.rng.integers(60, 220, (scene.count, 3))
        shade = np.linspace(1.15, 0.75, scene.height)[:, None, None]
        noise = self.rng.integers(-9, 10, (scene.height, scene.width, 1))
        painted = tones[scene.regions] * shade + noise
        return np.clip(painted, 0, 255).astype(np.uint8)

    def pick(self, values: Sequence[int], count: int) -> NDArray[np.uint8]:
        """Choose one value per region, uint8 (count,), the first value always for region 0.

        Every value is used before one is used again.
        """
        rest = list(values[1:]) or list(values)
        turns = [rest[place % len(rest)] for place in range(count - 1)]
        self.rng.shuffle(turns)
        return np.array([values[0], *turns], dtype=np.uint8)

    def choose(self, options: Sequence[str]) -> str:
        """Choose one of the options."""
        return options[int(self.rng.integers(len(options)))]

    def _size(self) -> tuple[int, int]:
        """Choose an odd width and height, in pixels."""
        return int(self.rng.integers(96, 160)) | 1, int(self.rng.integers(64, 120)) | 1

    def _centres(self, count: int, width: int, height: int) -> list[tuple[int, int]]:
        """Spread points over a grid, a little off its middle lines."""
        columns = int(np.ceil(np.sqrt(count * width / height))) if count else 1
        rows = -(-count // columns)
        jitter = self.rng.integers(-3, 4, (count, 2))
        return [
            (
                int((place % columns + 0.5) * width / columns) + int(jitter[place, 0]),
                int((place // columns + 0.5) * height / rows) + int(jitter[place, 1]),
            )
            for place in range(count)
        ]

    def _outline(self, centre: tuple[int, int], width: int, height: int) -> Polygon:
        """Draw a rough ellipse of 5 to 9 corners, which may reach beyond the edge."""
        corners = int(self.rng.integers(5, 10))
        reach = self.rng.uniform(0.08, 0.3, corners) * min(width, height)
        angles = np.sort(self.rng.uniform(0, 2 * np.pi, corners))
        return [
            (round(centre[0] + 1.3 * far * np.cos(angle)), round(centre[1] + far * np.sin(angle)))
            for far, angle in zip(reach, angles, strict=True)
        ]
