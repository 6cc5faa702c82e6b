"""Mean share of the area and mean log aspect of torchvision's RandomResizedCrop, printed for tests/data/augment_test.c.

Made with torchvision 0.29.2, torch 2.
"""

import math

import torch
from torchvision.transforms import RandomResizedCrop

torch.manual_seed(0)
picture = torch.zeros(3, 300, 400)
n, area, log_ratio = 200000, 0.0, 0.0
for _ in range(n):
    _, _, h, w = RandomResizedCrop.get_params(picture, (0.2, 1.0), (0.75, 4 / 3))
    area += h * w / 120000
    log_ratio += math.log(w / h)
print(f"mean area {area / n:.4f}, mean log ratio {log_ratio / n:.4f}")
