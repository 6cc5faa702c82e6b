#!/usr/bin/env python3
"""Clustering a large corpus: `lacuna atlas cluster --tsv` beside scikit-learn and scipy, wall time and peak memory.

The corpus is made up from a seed: documents of 110 words drawn from 50,000 with Zipf's frequencies (the word of rank r in
proportion to 1 / r), so that common words make most pairs of documents share something, as in real text.

  cluster_corpus.py make FILE.tsv [--documents 10000] [--words 110] [--terms 50000] [--seed 1]     needs Python alone
  cluster_corpus.py compare LACUNA FILE.tsv     runs both, one after the other, and compares their trees
  cluster_corpus.py scipy FILE.tsv TREE.npy     the peer alone: condensed distances, linkage, cophenetic correlation

The peer takes distances of unit rows from sparse products in blocks, sqrt(2 - 2 cosine): pdist would need the rows dense
(10,000 x 50,000) and hours. Lacuna is asked for the same work: --stop-words none, all terms, cophenetic correlation.
"""
import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time


def make(args):
    rng = random.Random(args.seed)
    cumulated = list(itertools.accumulate(1 / rank for rank in range(1, args.terms + 1)))
    names = [f"w{rank:05x}" for rank in range(args.terms)]
    with open(args.file, "w", encoding="ascii") as f:
        f.write("id\ttitle\ttext\n")
        for i in range(args.documents):
            words = rng.choices(names, cum_weights=cumulated, k=args.words)
            f.write(f"d{i}\t{' '.join(words[:10])}\t{' '.join(words[10:])}\n")


def peer(args):
    import csv

    import numpy as np
    from scipy.cluster.hierarchy import cophenet, linkage
    from sklearn.feature_extraction.text import TfidfVectorizer

    start = time.perf_counter()
    with open(args.file, encoding="utf-8", newline="") as f:
        texts = [r["title"] + " " + r["text"] for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]
    x = TfidfVectorizer().fit_transform(texts)
    n, at = x.shape[0], 0
    distances = np.empty(n * (n - 1) // 2)
    for i in range(0, n, 250):
        block = np.sqrt(np.maximum(2 - 2 * (x[i : i + 250] @ x.T).toarray(), 0))
        for k, row in enumerate(block):
            width = n - (i + k) - 1
            distances[at : at + width] = row[i + k + 1 :]
            at += width
    distances_s = time.perf_counter() - start
    tree = linkage(distances, "ward")
    tree_s = time.perf_counter() - start - distances_s
    correlation = float(cophenet(tree, distances)[0])
    np.save(args.tree, tree)
    print(json.dumps({"terms": x.shape[1], "cophenetic": correlation, "distances_s": distances_s, "tree_s": tree_s}))


def timed(command):
    """Output, wall seconds, peak resident bytes of a child."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        if status != 0:
            sys.exit(f"{command[0]} failed")
        out.seek(0)
        return json.loads(out.read()), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def compare(args):
    import numpy as np
    import scipy
    import sklearn

    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    ours, wall, cpu, rss = timed([args.lacuna, "atlas", "cluster", "--tsv", args.file, "--stop-words", "none", "--json"])
    print(f"lacuna                     {wall:6.1f} s wall  {cpu:6.1f} s cpu  {rss / 2**20:6.0f} MiB peak")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tree.npy")
        theirs, wall, cpu, rss = timed([sys.executable, __file__, "scipy", args.file, path])
        tree = np.load(path)
    print(f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__} {wall:6.1f} s wall  {cpu:6.1f} s cpu  {rss / 2**20:6.0f} MiB peak")
    merges = np.array(ours["merges"])
    same = (merges[:, [0, 1, 3]] == tree[:, [0, 1, 3]]).all(axis=1)
    print(f"{ours['n']} documents, {ours['terms']} terms (peer: {theirs['terms']})")
    print(f"merges equal: {same.sum()} of {len(same)}; heights differ by at most {np.abs(merges[:, 2] - tree[:, 2]).max():.2g}")
    print(f"cophenetic correlation: {ours['cophenetic']:.12f}, peer {theirs['cophenetic']:.12f}")
    print(f"load after: {os.getloadavg()[0]:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("make")
    p.add_argument("file")
    p.add_argument("--documents", type=int, default=10000)
    p.add_argument("--words", type=int, default=110)
    p.add_argument("--terms", type=int, default=50000)
    p.add_argument("--seed", type=int, default=1)
    p.set_defaults(run=make)
    p = commands.add_parser("compare")
    p.add_argument("lacuna")
    p.add_argument("file")
    p.set_defaults(run=compare)
    p = commands.add_parser("scipy")
    p.add_argument("file")
    p.add_argument("tree")
    p.set_defaults(run=peer)
    args = parser.parse_args()
    args.run(args)


main()
