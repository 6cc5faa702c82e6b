"""Reference numbers for tests/analyze/measures_test.c, written to analyze/measures.inc: attention by PyTorch's softmax,
rank by numpy's SVD, alignment and uniformity by the code of arXiv 2005.10242, linear CKA by its definition with Gram
matrices and centring (the test's own code takes products of features), token similarity by all pairs.
The data are a formula, so the test makes them again. Run: python3 analyze.py > analyze/measures.inc"""
import math
import sys

import numpy as np
import torch


def hashed(n, salt):
    """An integer hash, the same in C: uint32 arithmetic, result in [-1, 1)."""
    i = np.arange(n, dtype=np.uint32) + np.uint32(salt)
    with np.errstate(over="ignore"):
        h = i * np.uint32(2654435761)
        h ^= h >> np.uint32(15)
        h *= np.uint32(2246822519)
        h ^= h >> np.uint32(13)
    return (h >> np.uint32(8)).astype(np.float32) / np.float32(8388608.0) - np.float32(1.0)


def rows(n, d, salt):
    """Directions of falling size, and a common part, so that centring and spectra have something to show."""
    x = hashed(n * d, salt).reshape(n, d)
    j = np.arange(d, dtype=np.float32)
    return x / (np.float32(1) + j) + np.float32(0.5)


print(f"/* Written by tests/reference/analyze.py with numpy {np.__version__}, torch {torch.__version__}, "
      f"Python {sys.version.split()[0]}. */")

print("static const struct { int rows, columns, prefix, width; bool has_bias; double distance, entropy; } attention_cases[] = {")
for rows_, columns, prefix, width, has_bias in [(2, 2, 0, 4, False), (3, 4, 1, 8, False), (4, 4, 1, 16, True), (5, 3, 2, 7, True)]:
    n = rows_ * columns
    t = n + prefix
    qkv = torch.from_numpy(hashed(t * 3 * width, 7).reshape(t, 3, width).copy()).double() * 3
    logits = qkv[:, 0] @ qkv[:, 1].T / math.sqrt(width)
    if has_bias:
        logits = logits + torch.from_numpy(hashed(t * t, 99).reshape(t, t).copy()).double()
    a = torch.softmax(logits, -1)[prefix:]
    entropy = torch.distributions.Categorical(probs=a).entropy().sum().item()
    place = torch.tensor([[4.0 * r, 4.0 * c] for r in range(rows_) for c in range(columns)], dtype=torch.float64)
    patches = a[:, prefix:] / a[:, prefix:].sum(-1, keepdim=True)
    distance = (patches * torch.cdist(place, place)).sum().item()
    print(f"    {{{rows_}, {columns}, {prefix}, {width}, {str(has_bias).lower()}, {distance:.15g}, {entropy:.15g}}},")
print("};")

print("static const struct { int n, d; double effective_rank, centred_rank, first, last; } rank_cases[] = {")
for n, d in [(2, 3), (7, 12), (60, 12), (300, 33)]:
    x = rows(n, d, 1).astype(np.float64)
    z = x / np.linalg.norm(x, axis=1, keepdims=True)
    c = x - x.mean(0)

    def rank(m):
        s = np.linalg.svd(m, compute_uv=False)
        p = s / s.sum()
        p = p[p > 1e-12]
        return np.exp(-(p * np.log(p)).sum())

    v = np.sort(np.linalg.eigvalsh(np.cov(x.T, bias=True)))[::-1]
    v = np.maximum(v / v.sum(), 0)
    print(f"    {{{n}, {d}, {rank(z):.15g}, {rank(c):.15g}, {v[0]:.15g}, {v[-1]:.15g}}},")
print("};")

print("static const struct { int n, d; double similarity, alignment, uniformity; } pair_cases[] = {")
for n, d in [(2, 3), (9, 5), (50, 24)]:
    x, y = torch.from_numpy(rows(n, d, 1)).double(), torch.from_numpy(rows(n, d, 5000)).double()
    u, v = torch.nn.functional.normalize(x, dim=1), torch.nn.functional.normalize(y, dim=1)
    cosine = u @ u.T
    similarity = ((cosine.sum() - cosine.trace()) / (n * (n - 1))).item()
    alignment = (u - v).norm(p=2, dim=1).pow(2).mean().item()
    uniformity = torch.pdist(u, p=2).pow(2).mul(-2).exp().mean().log().item()
    print(f"    {{{n}, {d}, {similarity:.15g}, {alignment:.15g}, {uniformity:.15g}}},")
print("};")

print("static const struct { int n, d_x, d_y; double cka; } cka_cases[] = {")
for n, d_x, d_y in [(5, 3, 2), (40, 12, 12), (100, 7, 33), (600, 24, 24)]:
    x, y = rows(n, d_x, 1).astype(np.float64), rows(n, d_y, 5000).astype(np.float64)
    y[:, :2] += x[:, :2]
    h = np.eye(n) - 1.0 / n
    k, l = h @ (x @ x.T) @ h, h @ (y @ y.T) @ h
    print(f"    {{{n}, {d_x}, {d_y}, {(k * l).sum() / math.sqrt((k * k).sum() * (l * l).sum()):.15g}}},")
print("};")
