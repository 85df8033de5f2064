"""Guides are short, and their links lead somewhere."""

import re
from urllib.parse import unquote

import pytest
from guides import PAGES, ROOT, anchors, code_blocks, name

LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
IN_DOCS = [page for page in PAGES if name(page).startswith("docs/")]


def words(page):
    return len(page.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("page", IN_DOCS, ids=name)
def test_no_page_is_longer_than_1500_words(page):
    assert words(page) <= 1500


def test_the_readme_has_at_most_900_words():
    assert words(ROOT / "README.md") <= 900


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_inside_the_project_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for code in re.findall(r"^ *```.*?^ *```|`[^`\n]*`", text, re.M | re.S):
        text = text.replace(code, "")
    for match in LINK.finditer(text):
        target = match[1] or match[2]
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name(page)} links to {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{name(page)} links to {target}"


def test_the_indexes_name_every_page():
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    results = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    for page in IN_DOCS:
        if page.parent.name == "results":
            assert f"(results/{page.name})" in results
        elif page.name != "README.md":
            assert f"({page.name})" in index


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_code_blocks_name_their_language(page):
    fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) % 2 == 0
    assert set(fences[1::2]) <= {""}
    assert set(fences[::2]) <= {"", "sh", "python", "kotlin", "js", "json", "text"}
    for block in code_blocks(page, ""):  # a layout or an output, no command to copy
        assert not re.search(r"^ *(python|make|pip|npm|\./gradlew) ", block, re.MULTILINE), block
