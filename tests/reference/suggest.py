"""Leave-one-out guesses at the facets of the shipped papers, by scikit-learn: tests/reference/suggest.tsv.

    python tests/reference/suggest.py          (numpy, scikit-learn; versions are written into the file)

Each paper is predicted by a Ridge fitted without it: nothing here is in closed form. The bias is a regularised constant feature.
Lines: facet, papers, words, accuracy of the classifier, of the five nearest papers, of the commonest word, that word;
then "facet:scores" with the highest score of each paper and "facet:words" with its word's index in the sorted vocabulary.
Last: the guesses for a made-up paper."""
import csv
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

here = Path(__file__).parent
LAMBDA = 0.1
FACETS = ["category", "family", "modality", "masking", "target", "objective", "architecture", "tasks"]
TITLE = "Masked point cloud transformers with attention-guided masking"
ABSTRACT = ("A teacher with exponential moving average weights gives attention maps. Points that it attends to are masked, and the "
            "student reconstructs coordinates under a Chamfer loss; object classification and part segmentation improve.")

with open(here.parent.parent / "atlas/papers.tsv", encoding="utf-8") as file:
    papers = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
vectors = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
X = vectors.fit_transform([p["title"] + " " + p["summary"] for p in papers]).toarray()
X1 = np.hstack([X, np.ones((len(X), 1))])
new = vectors.transform([TITLE + " " + ABSTRACT]).toarray()[0]


def vote(cosines, rows, Y, k=5):
    near = [i for i in np.argsort(-cosines[rows], kind="stable") if cosines[rows][i] > 0][:k]
    return cosines[rows][near] @ Y[near]


lines = [f"# scikit-learn {sklearn.__version__}, numpy {np.__version__}, Python {sys.version.split()[0]}"]
guesses = []
for facet in FACETS:
    rows = [i for i, p in enumerate(papers) if p[facet] and not p[facet].startswith("(body only)")]
    words = sorted({w for i in rows for w in papers[i][facet].split(";")})
    Y = np.array([[float(w in papers[i][facet].split(";")) for w in words] for i in rows])
    A = X1[rows]
    n = len(rows)
    scores = np.empty_like(Y)
    near = np.empty(n)
    for i in range(n):
        keep = np.arange(n) != i
        model = Ridge(alpha=LAMBDA, fit_intercept=False, solver="cholesky").fit(A[keep], Y[keep])
        scores[i] = model.predict(A[i:i + 1])[0]
        cosines = X @ X[rows[i]]
        cosines[rows[i]] = -1
        near[i] = Y[i, vote(cosines, rows, Y).argmax()]
    top = scores.argmax(1)
    counts = Y.sum(0)
    lines.append("\t".join([facet, str(n), str(len(words)), f"{Y[np.arange(n), top].mean():.9f}", f"{near.mean():.9f}",
                            f"{counts.max() / n:.9f}", words[counts.argmax()]]))
    lines.append(facet + ":scores\t" + "\t".join(f"{s:.8f}" for s in scores.max(1)))
    lines.append(facet + ":words\t" + "\t".join(map(str, top)))
    model = Ridge(alpha=LAMBDA, fit_intercept=False, solver="cholesky").fit(A, Y)
    new_scores = model.predict(np.append(new, 1)[None])[0]
    best = new_scores.argmax()
    votes = vote(X @ new, rows, Y)
    total = np.sort((X @ new)[rows])[-5:].sum()
    # the share of true ones among the 50 leave-one-out scores nearest to this one
    order = np.argsort(np.abs(scores.ravel() - new_scores[best]), kind="stable")[:50]
    guesses.append("\t".join(["new:" + facet, words[best], f"{new_scores[best]:.8f}", f"{Y.ravel()[order].mean():.6f}",
                              f"{votes[best] / total:.8f}"]))
    print(lines[-3])
cosines = X @ new
nearest = np.argsort(-cosines, kind="stable")[:5]
guesses.append("new:near\t" + "\t".join(f"{papers[i]['id']}={cosines[i]:.9f}" for i in nearest))
(here / "suggest.tsv").write_text("\n".join(lines + guesses) + "\n", encoding="utf-8")
