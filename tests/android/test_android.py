import hashlib
import re
from pathlib import Path

from write_android_vectors import PATH, vectors
from write_tiling_vectors import as_text

ANDROID = Path(__file__).resolve().parents[2] / "android"


def test_the_app_is_tested_against_what_python_computes_now():
    assert PATH.read_text() == as_text(vectors())


def test_the_core_is_plain_kotlin():
    core = sorted((ANDROID / "app/src/main/kotlin/dped/core").glob("*.kt"))
    assert core
    for path in core:
        assert not re.findall(r"\b(android|androidx|org\.tensorflow)\.\w", path.read_text()), path


def test_the_wrapper_is_gradles_own():
    jar = (ANDROID / "gradle/wrapper/gradle-wrapper.jar").read_bytes()
    digest = hashlib.sha256(jar).hexdigest()
    # What Gradle publishes for the wrapper of 8.13.
    assert digest == "81a82aaea5abcc8ff68b3dfcb58b3c3c429378efd98e7433460610fecd7ae45f"
    assert (
        "gradle-8.13-bin.zip" in (ANDROID / "gradle/wrapper/gradle-wrapper.properties").read_text()
    )
    assert digest in (ANDROID / "README.md").read_text()


def test_one_kotlin_everywhere():
    gradle = (ANDROID / "build.gradle.kts").read_text()
    version = re.search(r'kotlin\.android"\) version "([\d.]+)"', gradle)[1]
    check = ANDROID / "check"
    assert f"<kotlin.version>{version}<" in (check / "pom.xml").read_text()
    fetched = (check / "fetch.xml").read_text().split("<artifactId>kotlin-stdlib</artifactId>")[1]
    assert fetched.split("</version>")[0].strip() == f"<version>{version}"
