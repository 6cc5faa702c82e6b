#!/usr/bin/env python3
"""Reference numbers for src/cluster/ and src/atlas/tfidf: scikit-learn's TfidfVectorizer, scipy's Ward linkage, cuts and
cophenetic correlation, scikit-learn's agreement of partitions, Python's lower case and word characters.

Run: python3 tests/reference/cluster.py   (writes tests/reference/cluster/; versions stand in every file's first line)

Lines of tab-separated fields; a case begins with its name and ends with "end". The vectors of the shipped corpus are too
large to keep whole: every twentieth row is there, and of all others a sum with made-up weights. After atlas/papers.tsv
changes, run this again.
"""
import csv
import pathlib
import random
import re
import sys
import unicodedata
import warnings

import numpy as np
import scipy
import sklearn
from scipy.cluster.hierarchy import cophenet, fcluster, leaves_list, linkage
from scipy.spatial.distance import pdist
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

HERE = pathlib.Path(__file__).parent
OUT = HERE / "cluster"
VERSIONS = (
    f"# tests/reference/cluster.py: Python {sys.version.split()[0]}, Unicode {unicodedata.unidata_version}, "
    f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}"
)
warnings.simplefilter("ignore")


def write(name, lines):
    (OUT / name).write_text(VERSIONS + "\n" + "\n".join(lines) + "\n", encoding="utf-8")


def row(*fields):
    return "\t".join(repr(float(f)) if isinstance(f, (float, np.floating)) else str(f) for f in fields)


def tree_lines(distances, n, counts, heights):
    tree = linkage(distances, "ward")
    lines = [row("merge", int(a), int(b), h, int(size)) for a, b, h, size in tree]
    lines.append(row("leaves", *map(int, leaves_list(tree))))
    with np.errstate(invalid="ignore", divide="ignore"):
        lines.append(row("cophenetic", float(cophenet(tree, distances)[0]) if n > 2 else float("nan")))
    lines += [row("cut", k, *map(int, fcluster(tree, k, "maxclust"))) for k in counts]
    lines += [row("height", h, *map(int, fcluster(tree, h, "distance"))) for h in heights(tree)]
    return lines


def some_heights(tree):
    values = sorted({float(h) for h in tree[:, 2]})
    picked = values if len(values) < 6 else values[:: len(values) // 5]
    return [0.0] + picked + [h * 0.999 for h in picked] + [values[-1] + 1]


def trees():
    """Distance matrices full of ties. "hash M" stands for 1 + (7919 i + 104729 j + 31 i j) mod M, i < j, made again in C."""
    lines, rng = [], random.Random(7)

    def case(name, n, d, shown=None, counts=None):
        d = np.asarray(d, dtype=np.float64)
        lines.append(row("tree", name, n))
        lines.append(row("distances", *d.tolist()) if shown is None else row("hash", shown))
        lines.extend(tree_lines(d, n, counts or range(1, n + 3), some_heights))
        lines.append("end")

    def points(xs):
        return pdist(np.asarray(xs, dtype=np.float64))

    case("two", 2, [3.0])
    case("three equal", 3, [1.0] * 3)
    case("all equal", 9, [2.0] * 36)
    case("all zero", 6, [0.0] * 15)
    case("pairs on a line", 8, points([[10 * (i // 2) + i % 2] for i in range(8)]))
    case("line", 11, points([[i] for i in range(11)]))
    case("grid", 16, points([[i // 4, i % 4] for i in range(16)]))
    case("cube", 16, points([[i >> k & 1 for k in range(4)] for i in range(16)]))
    case("duplicates", 14, points([[i % 5, (i * i) % 3] for i in range(14)]))
    case("lengthening line", 12, points([[2.0**i] for i in range(12)]))
    for seed in range(6):
        n = 5 + 3 * seed
        case(f"small whole numbers {seed}", n, [rng.randint(1, 3 + seed % 3) for _ in range(n * (n - 1) // 2)])
    for seed in range(4):
        n = 6 + 4 * seed
        kernel = np.round(np.random.default_rng(seed).random((n, n)), 1)
        kernel = (kernel + kernel.T) / 2
        case(f"from alignments {seed}", n, [np.sqrt(2 * (1 - kernel[i, j])) for i in range(n) for j in range(i + 1, n)])
    for n, m in [(300, 3), (500, 50)]:
        i, j = np.triu_indices(n, 1)
        case(f"hash {n} {m}", n, 1 + (7919 * i + 104729 * j + 31 * i * j) % m, m, [1, 2, 7, 50, n - 1, n])
    write("trees.txt", lines)


def partitions():
    lines, rng = [], random.Random(3)
    pairs = [([1], [2]), ([1, 1, 1], [4, 4, 4]), ([1, 2, 3], [3, 1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 1, 2, 2], [1, 2, 1, 2])]
    for n in (5, 20, 100, 400):
        for k in (2, 5, 12):
            a = [rng.randint(1, k) for _ in range(n)]
            pairs.append((a, [rng.randint(-2, 3) for _ in range(n)]))
            pairs.append((a, [v if rng.random() < 0.7 else rng.randint(1, k) for v in a]))
    for a, b in pairs:
        lines += [
            row("partition", len(a)),
            row("a", *a),
            row("b", *b),
            row("ari", float(adjusted_rand_score(a, b))),
            row("nmi", float(normalized_mutual_info_score(a, b))),
            "end",
        ]
    write("partitions.txt", lines)


def unicode_tables():
    """Word characters as ranges, lower case where it differs; code points that this Python does not know are left out."""
    lines, word = [], re.compile(r"\w")
    known = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) != "Cn"]
    ranges = []
    for c in known:
        kind = "word" if word.match(chr(c)) else "other"
        if ranges and ranges[-1][0] == kind and ranges[-1][2] == c - 1:
            ranges[-1][2] = c
        else:
            ranges.append([kind, c, c])
    lines += [row(kind, first, last) for kind, first, last in ranges]
    lines += [row("lower", c, *map(ord, chr(c).lower())) for c in known if chr(c).lower() != chr(c)]
    write("unicode.txt", lines)

    rng = random.Random(5)
    signs = list("Aa\u03a3\u03a3\u03a3\u03c3'.:1_ -\u00b7\u02b0\u0301\u00aa\u2163\u24d0\u0130\u00df\u01c5\u00ad\u2019") + [
        "\U00010400", "\U0001f600", "\u63a9", "\u0660", "\ufb01", "\u00c9", "E\u0301", "\u200d", "\u00bd"]
    samples = ["\u039f\u0394\u039f\u03a3 \u03a3\u0399\u03a3\u03a5\u03a6\u039f\u03a3", "\u0130stanbul", "STRASSE stra\u00dfe", "\u03a3", "A\u03a3", "A\u03a3B"]
    samples += ["".join(rng.choice(signs) for _ in range(rng.randint(1, 12))) for _ in range(400)]
    pattern = re.compile(r"(?u)\b\w\w+\b")
    lines = []
    for s in samples:
        lines.append(row("text", s))
        lines.append(row("lower", s.lower()))
        lines.append(row("words", *pattern.findall(s.lower())))
    write("words.txt", lines)


WORDS = (
    "mask masks Masked MASKED image token tokens the and of with in a I x 3d 2D mae MAE beit v2 point cloud video patch_size "
    "don't na\u00efve \u00c9TUDE \u00e9tude e\u0301tude \u039f\u0394\u039f\u03a3 \u0130stanbul stra\u00dfe \u63a9\u7801 \u63a9 \u0661\u0662\u0663 \ufb01ne \u2163 90% (hidden) state-of-the-art"
).split()


def random_corpus(seed, n, n_words, longest):
    """Documents of few words, so that distances tie; some equal, some with the same words in another order, some empty."""
    rng = random.Random(seed)
    words = rng.sample(WORDS, n_words)
    texts = []
    for i in range(n):
        kind = rng.random()
        if texts and kind < 0.25:
            texts.append(rng.choice(texts))
        elif texts and kind < 0.4:
            again = rng.choice(texts).split(" ")
            rng.shuffle(again)
            texts.append(" ".join(again))
        elif kind < 0.45:
            texts.append(rng.choice(["", "a", "-- ?"]))
        else:
            texts.append(" ".join(rng.choice(words) for _ in range(rng.randint(1, longest))))
    return texts


def vectorizer(ngrams=(1, 1), sublinear=False, min_df=1, stop=None, shortest=2):
    pattern = rf"(?u)\b\w{{{shortest},}}\b" if shortest != 2 else r"(?u)\b\w\w+\b"  # the default
    return TfidfVectorizer(ngram_range=ngrams, sublinear_tf=sublinear, min_df=min_df, stop_words=stop, token_pattern=pattern)


def option_line(ngrams=(1, 1), sublinear=False, min_df=1, stop=None, shortest=2):
    return row("options", ngrams[0], ngrams[1], int(sublinear), min_df, stop or "none", shortest)


def fnv(texts):
    h = 0xCBF29CE484222325
    for byte in "\n".join(texts).encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return f"{h:016x}"


def sum_of(x, i):
    """A row as one number: its values with weights that tell columns apart."""
    start, end = x.indptr[i], x.indptr[i + 1]
    weights = (x.indices[start:end].astype(np.uint64) * np.uint64(2654435761) % np.uint64(2**32)).astype(np.float64) / 2.0**32
    return float(np.sum(x.data[start:end] * (1 + weights)))


def vector_lines(v, x, rows):
    x = x.copy()
    x.sort_indices()
    terms = v.get_feature_names_out()
    lines = [row("terms", len(terms), fnv(terms), float(np.sum(v.idf_)))]
    if rows == 1:
        lines += [row("term", t, float(idf)) for t, idf in zip(terms, v.idf_)]
    for i in range(x.shape[0]):
        start, end = x.indptr[i], x.indptr[i + 1]
        lines.append(row("sum", i, int(end - start), sum_of(x, i)))
        if i % rows == 0:
            lines.append(row("row", i, *(f for k in range(start, end) for f in (int(x.indices[k]), float(x.data[k])))))
    return lines


def corpora():
    lines = []
    shapes = [(1, 12, 6, 3), (2, 25, 8, 4), (3, 40, 12, 6), (4, 60, 30, 8), (5, 33, 41, 20), (6, 50, 5, 3), (7, 48, 16, 2), (8, 2, 10, 6)]
    for seed, n, n_words, longest in shapes:
        texts = random_corpus(seed, n, n_words, longest)
        settings = [{}, {"stop": "english"}, {"ngrams": (1, 2), "sublinear": True, "min_df": 2, "stop": "english"}, {"ngrams": (2, 3), "shortest": 1}]
        for number, options in enumerate(settings):
            v = vectorizer(**options)
            try:
                x = v.fit_transform(texts)
            except ValueError:
                continue
            lines.append(row("corpus", f"{seed}.{number}", n))
            lines += [row("text", t) for t in texts]
            lines.append(option_line(**options))
            lines += vector_lines(v, x, 1)
            lines += tree_lines(pdist(x.toarray()), n, [1, 2, 5, n], some_heights)
            lines.append("end")
    write("corpora.txt", lines)


def shipped():
    with open(HERE.parent.parent / "atlas" / "papers.tsv", encoding="utf-8", newline="") as f:
        papers = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = [p["title"] + " " + p["summary"] for p in papers]
    lines = [row("papers", len(papers), fnv(texts))]
    trial = {"ngrams": (1, 2), "sublinear": True, "min_df": 2, "stop": "english"}
    for name, options in [("plain", {}), ("english", {"stop": "english"}), ("trial", trial)]:
        v = vectorizer(**options)
        x = v.fit_transform(texts)
        lines.append(row("corpus", name, len(texts)))
        lines.append(option_line(**options))
        lines += vector_lines(v, x, 20)
        distances = pdist(x.toarray())
        lines += tree_lines(distances, len(texts), [2, 16, 40], lambda tree: [1.5])
        cut = fcluster(linkage(distances, "ward"), 16, "maxclust")
        for facet in ("category", "family"):
            kept = [i for i, p in enumerate(papers) if p[facet] and not p[facet].startswith("(body only) ")]
            labels = [papers[i][facet] for i in kept]
            ari, nmi = adjusted_rand_score(labels, cut[kept]), normalized_mutual_info_score(labels, cut[kept])
            lines.append(row("agreement", facet, len(kept), float(ari), float(nmi)))
        lines.append("end")
    write("shipped.txt", lines)


OUT.mkdir(exist_ok=True)
trees()
partitions()
unicode_tables()
corpora()
shipped()
