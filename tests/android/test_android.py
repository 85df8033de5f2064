import hashlib
import json
import re
from pathlib import Path

import numpy as np
from write_android_vectors import PATH, vectors

ANDROID = Path(__file__).resolve().parents[2] / "android"


def test_the_app_is_tested_against_what_python_computes_now():
    stored, now = json.loads(PATH.read_text()), vectors()
    # Processors add up a mean in different orders: its sixth decimal differs between machines.
    for kept, computed in zip(stored["thumbnails"], now["thumbnails"], strict=True):
        np.testing.assert_allclose(kept.pop("values"), computed.pop("values"), rtol=0, atol=2e-6)
    assert stored == json.loads(json.dumps(now))


def test_the_core_is_plain_kotlin():
    """The core may use org.json, which is on Maven Central too, and nothing else of Android."""
    core = sorted((ANDROID / "app/src/main/kotlin/dped/core").glob("*.kt"))
    assert core
    for path in core:
        assert not re.findall(r"\b(android|androidx|org\.tensorflow)\.\w", path.read_text()), path


def test_the_wrapper_is_gradles_own():
    jar = (ANDROID / "gradle/wrapper/gradle-wrapper.jar").read_bytes()
    digest = hashlib.sha256(jar).hexdigest()
    # Gradle publishes this checksum for the wrapper of 8.13.
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
