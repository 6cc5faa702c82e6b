"""Reference numbers for tests/train/collapse_test.c: indicators of features by numpy's SVD, written to
train/collapse.inc.
The features are a formula, so the test makes them again. Run: python3 collapse.py > train/collapse.inc"""
import sys
import numpy as np


def features(batch, tokens, width):
    """An integer hash, the same in C: uint32 arithmetic, result in [-1, 1) plus a constant vector."""
    i = np.arange(batch * tokens * width, dtype=np.uint32)
    with np.errstate(over="ignore"):
        h = i * np.uint32(2654435761)
        h ^= h >> np.uint32(15)
        h *= np.uint32(2246822519)
        h ^= h >> np.uint32(13)
    x = (h >> np.uint32(8)).astype(np.float32) / np.float32(8388608.0) - np.float32(1.0)
    return x.reshape(batch, tokens, width) + (np.arange(width) % 3).astype(np.float32) * np.float32(0.25)


print(f"/* Written by tests/reference/collapse.py with numpy {np.__version__}, Python {sys.version.split()[0]}. */")
print("static const struct { int batch, tokens, width, prefix; double feature_std, effective_rank, mean_cosine; } collapse_cases[] = {")
for batch, tokens, width, prefix in [(2, 3, 5, 1), (9, 5, 24, 1), (40, 4, 17, 0), (64, 1, 64, 1), (200, 6, 96, 2)]:
    x = features(batch, tokens, width).astype(np.float64)
    first = prefix if prefix < tokens else 0
    z = x[:, first:].mean(1)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    s = np.linalg.svd(z, compute_uv=False)
    p = s / s.sum()
    cosine = z @ z.T
    mean = (cosine.sum() - np.trace(cosine)) / (batch * (batch - 1))
    rank = np.exp(-(p[p > 0] * np.log(p[p > 0])).sum())
    print(f"    {{{batch}, {tokens}, {width}, {prefix}, {z.std(0).mean():.15g}, {rank:.15g}, {mean:.15g}}},")
print("};")
