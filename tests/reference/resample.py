"""What Pillow's Image.resize makes of some pictures: sizes, boxes, filters, grey and RGB.

Writes tests/data/resample/: in-grey.npy, in-rgb.npy, cases.txt (name input filter width height x0 y0 x1 y1) and the
result of each case as NAME.npy. Made with Pillow 13.0.0, NumPy 2.
"""

import pathlib

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).parent.parent / "data" / "resample"
OUT.mkdir(parents=True, exist_ok=True)

rng = np.random.default_rng(1)
y, x = np.mgrid[0:61, 0:83]
smooth = np.stack([128 + 90 * np.sin(x / 5 + c) * np.cos(y / 4 - c) for c in range(3)], -1)
rgb = np.clip(smooth + rng.normal(0, 40, smooth.shape), 0, 255).astype(np.uint8)
rgb[10:20, 10:20] = 255  # hard edges, so that cubic overshoot is clipped
rgb[10:20, 20:30] = 0
grey = rgb[..., 1].copy()
np.save(OUT / "in-rgb.npy", rgb)
np.save(OUT / "in-grey.npy", grey)

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
WHOLE = (0, 0, 83, 61)
CASES = [(32, 32, WHOLE), (83, 61, WHOLE), (1, 1, WHOLE), (97, 113, WHOLE), (83, 20, WHOLE), (20, 61, WHOLE),
         (28, 28, (11, 7, 64, 50)), (17, 40, (3.25, 2.5, 70.75, 58.125)), (5, 3, (0.1, 0.2, 82.9, 60.7)),
         (64, 64, (40, 30, 45, 34)), (10, 10, (0, 0, 83, 30.5))]
lines = []
for kind, pixels in (("grey", grey), ("rgb", rgb)):
    image = Image.fromarray(pixels)
    for name, method in FILTERS.items():
        for number, (width, height, box) in enumerate(CASES):
            case = f"{kind}-{name}-{number}"
            np.save(OUT / f"{case}.npy", np.asarray(image.resize((width, height), method, box)))
            lines.append(f"{case} in-{kind} {name} {width} {height} " + " ".join(repr(float(v)) for v in box))
(OUT / "cases.txt").write_text("\n".join(lines) + "\n")
