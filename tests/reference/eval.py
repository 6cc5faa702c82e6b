#!/usr/bin/env python3
"""Reference numbers for src/eval/: k-NN by numpy, logistic regression by scikit-learn, the bn-sgd probe by PyTorch.

Run: python3 tests/reference/eval.py   (writes tests/reference/eval/*.npy; versions are printed and noted in versions.txt)

Data: the first 1,000 of scikit-learn's handwritten digits (8x8, UCI, CC BY 4.0), 600 to train, 400 to test. Some of
the 64 pixels are constant, which standardising has to survive. `python3 eval.py fashion FILE.npy` compares predictions
of k-NN on all of Fashion-MNIST's raw pixels (10,000 test, 60,000 train) with numpy's, a check too large to commit.
"""
import gzip
import math
import pathlib
import sys

import numpy as np

K, T = 20, 0.07


def knn(train, labels, test, k, temperature, classes=10):
    """Weighted k-NN: cosine, votes exp(sim / T); equal similarities by index, equal votes by class."""
    a = train.astype(np.float64)
    a /= np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-12)
    out = []
    for i in range(0, len(test), 100):
        b = test[i : i + 100].astype(np.float64)
        b = b / np.maximum(np.linalg.norm(b, axis=1, keepdims=True), 1e-12)
        sim = b @ a.T
        near = np.argsort(-sim, axis=1, kind="stable")[:, :k]
        votes = np.zeros((len(b), classes))
        for r in range(len(b)):
            np.add.at(votes[r], labels[near[r]], np.exp(sim[r, near[r]] / temperature))
        out.append(votes.argmax(1))
    return np.concatenate(out)


def fashion(path):
    root = "/usr/share/datasets/fashion-mnist/"

    def images(name):
        return np.frombuffer(gzip.open(root + name).read()[16:], np.uint8).reshape(-1, 784)

    def labels(name):
        return np.frombuffer(gzip.open(root + name).read()[8:], np.uint8)

    expected = knn(images("train-images-idx3-ubyte.gz"), labels("train-labels-idx1-ubyte.gz"),
                   images("t10k-images-idx3-ubyte.gz"), K, T)
    truth, found = labels("t10k-labels-idx1-ubyte.gz"), np.load(path)
    print(f"equal predictions: {(expected == found).sum()} of {len(expected)}; accuracy numpy "
          f"{100 * (expected == truth).mean():.2f}, Lacuna {100 * (found == truth).mean():.2f}")


def probe(x, y, epochs, lr, lars, classes=10):
    """Full-batch steps from zero weights: BatchNorm1d without affine, linear, momentum .9, linear warm-up over two
    epochs and half a cosine, stepped once an epoch. LARS: You et al., arXiv 1708.03888, trust .001, not on the bias."""
    import torch

    x, y = torch.tensor(x), torch.tensor(y.astype(np.int64))
    norm = torch.nn.BatchNorm1d(x.shape[1], affine=False, eps=1e-6)
    head = torch.nn.Linear(x.shape[1], classes)
    torch.nn.init.zeros_(head.weight), torch.nn.init.zeros_(head.bias)
    momentum = [torch.zeros_like(p) for p in head.parameters()]
    warmup = 2
    for step in range(epochs):
        rate = lr * step / warmup if step < warmup else \
            lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (epochs - warmup)))
        loss = torch.nn.functional.cross_entropy(head(norm(x)), y)
        grads = torch.autograd.grad(loss, list(head.parameters()))
        with torch.no_grad():
            for p, g, m in zip(head.parameters(), grads, momentum):
                if lars and p.ndim > 1 and p.norm() > 0 and g.norm() > 0:
                    g = g * (0.001 * p.norm() / g.norm())
                m.mul_(0.9).add_(g)
                p.sub_(rate * m)
    return (head.weight.detach().numpy(), head.bias.detach().numpy(), norm.running_mean.numpy(),
            norm.running_var.numpy())


def main():
    import sklearn
    import torch
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    out = pathlib.Path(__file__).with_name("eval")
    out.mkdir(exist_ok=True)
    digits = load_digits()
    x, y = digits.data[:1000].astype(np.uint8), digits.target[:1000].astype(np.uint8)
    save = lambda name, a: np.save(out / name, np.ascontiguousarray(a))
    save("digits.npy", x), save("labels.npy", y)
    train, test = x[:600].astype(np.float64), x[600:].astype(np.float64)
    save("knn20.npy", knn(train, y[:600], test, 20, T).astype(np.uint8))
    save("knn5.npy", knn(train, y[:600], test, 5, 1.0).astype(np.uint8))

    scaler = StandardScaler().fit(train)
    fit = lambda a, b: LogisticRegression(C=1, tol=1e-9, max_iter=10000).fit(scaler.transform(a), b)
    full = fit(train, y[:600])
    save("linear_weight.npy", full.coef_.astype(np.float32)), save("linear_bias.npy", full.intercept_.astype(np.float32))
    save("linear_predicted.npy", full.predict(scaler.transform(test)).astype(np.uint8))
    two = y[:600] < 2
    scaler = StandardScaler().fit(train[two])
    pair = fit(train[two], y[:600][two])
    save("pair_weight.npy", pair.coef_.astype(np.float32)), save("pair_bias.npy", pair.intercept_.astype(np.float32))

    for name, lars, lr in (("sgd", False, 0.5), ("lars", True, 5.0)):
        for part, a in zip(("weight", "bias", "mean", "variance"), probe(train.astype(np.float32), y[:600], 12, lr, lars)):
            save(f"probe_{name}_{part}.npy", a)
    versions = f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, torch {torch.__version__}\n"
    (out / "versions.txt").write_text(versions)
    print(versions, full.score(StandardScaler().fit(train).transform(test), y[600:]))


if __name__ == "__main__":
    fashion(sys.argv[2]) if sys.argv[1:2] == ["fashion"] else main()
