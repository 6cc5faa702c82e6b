"""Fields of tests/atlas/bibtex/sample.bib as pybtex parses and pylatexenc converts them: tests/reference/bibtex.tsv.

    pip install pybtex==0.26.1 pylatexenc==2.11
    python tests/reference/bibtex.py

Columns: key, field, text. Where Lacuna's choice is another on purpose the text is adapted here and the reason given."""
import re
import sys
import unicodedata
from pathlib import Path

import pybtex
import pybtex.database.input.bibtex as bibtex
from pylatexenc import version
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexwalker import get_default_latex_context_db as walker_context
from pylatexenc.macrospec import MacroSpec

here = Path(__file__).parent
ADDRESSES = {"url", "doi", "eprint"}

texts = get_default_latex_context_db()
texts.add_context_category(
    "lacuna", prepend=True,
    macros=[
        MacroTextSpec("TeX", "TeX"),
        MacroTextSpec("bf", ""),
        MacroTextSpec("unknown", lambda n: n.latex_verbatim()),  # unknown words stay, where pylatexenc drops them
        MacroTextSpec("t", lambda n, l2tobj: l2tobj.nodelist_to_text([n.nodeargd.argnlist[0]])[0] + "\u0361"
                      + l2tobj.nodelist_to_text([n.nodeargd.argnlist[0]])[1:]),  # a tie; pylatexenc has none
        MacroTextSpec("b", lambda n, l2tobj: unicodedata.normalize(
            "NFC", l2tobj.nodelist_to_text([n.nodeargd.argnlist[0]]) + "\u0331")),  # a bar below; the same
        # pylatexenc writes <...>, and "~" as a space
        MacroTextSpec("url", lambda n: n.nodeargd.argnlist[0].latex_verbatim().strip("{}")),
    ])
walker = walker_context()
walker.add_context_category("lacuna", prepend=True, macros=[MacroSpec("t", "{"), MacroSpec("b", "{"), MacroSpec("unknown", "{")])
latex = LatexNodes2Text(math_mode="verbatim", latex_context=texts, strict_latex_spaces=True)


def collapse(text):
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip(" ")  # "~" is a plain space, for search


def plain(field, value):
    if field in ADDRESSES:  # only braces and backslashes go
        return collapse(re.sub(r"\\(.)", r"\1", value.replace("{", "").replace("}", "")))
    from pylatexenc.latexwalker import LatexWalker
    nodes, _, _ = LatexWalker(value, latex_context=walker).get_latex_nodes()
    return collapse(unicodedata.normalize("NFC", latex.nodelist_to_text(nodes)))


def main():
    parser = bibtex.Parser(person_fields=[], macros={m[:3].lower(): m for m in (
        "January February March April May June July August September October November December").split()})
    text = (here.parent / "atlas/bibtex/sample.bib").read_text()
    # pybtex, like BibTeX, reads on inside @comment; Lacuna skips its group. The sample's holds no "@".
    data = parser.parse_string(text)
    rows = []
    for key, entry in data.entries.items():
        for field, value in entry.fields.items():
            rows.append((key, field.lower(), plain(field.lower(), value)))
    out = here / "bibtex.tsv"
    head = f"# pybtex {pybtex.__version__}, pylatexenc {version.version_str}, Python {sys.version.split()[0]}\n"
    out.write_text(head + "".join("\t".join(r) + "\n" for r in rows))
    print(len(rows), "fields")


main()
