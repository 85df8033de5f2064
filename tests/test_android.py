import hashlib
import re
from pathlib import Path

from benchmarks.android_vectors import PATH, vectors
from benchmarks.tiling_vectors import as_text

ANDROID = Path(__file__).resolve().parent.parent / "android"


def test_the_app_is_tested_against_what_python_computes_now():
    assert PATH.read_text() == as_text(vectors())


def test_the_core_is_plain_kotlin():
    core = sorted((ANDROID / "app/src/main/kotlin/dped/core").glob("*.kt"))
    assert core
    for path in core:
        assert not re.findall(r"\b(android|androidx|org\.tensorflow)\.\w", path.read_text()), path
