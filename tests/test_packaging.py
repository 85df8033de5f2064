"""What setup.cfg, the pins, the workflows and the changelog say agrees with the project."""

import configparser
import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ["3.11", "3.12", "3.13"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def setup():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def lines(text):
    return text.split("\n")[1:]


def packages():
    """The folders of the root that hold importable packages of the project."""
    outside = {"tests", "benchmarks"}
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} - outside


def pins():
    """{name: the pins of a package} of constraints.txt."""
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        requirement = Requirement(line)
        found.setdefault(requirement.name.lower(), []).append(requirement)
    return found


def test_python_versions_are_the_same_everywhere(setup):
    allowed = SpecifierSet(setup["options"]["python_requires"])
    assert [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}.5" in allowed] == SUPPORTED
    classifiers = [line.split(" :: ")[-1] for line in lines(setup["metadata"]["classifiers"])]
    assert classifiers[-3:] == SUPPORTED
    text = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["jobs"]["python"]["strategy"]["matrix"]["python"] == SUPPORTED


def test_every_package_is_installed_and_may_not_warn_of_deprecations(setup):
    patterns = {line.rstrip("*") for line in lines(setup["options.packages.find"]["include"])}
    assert patterns == packages()
    warned = re.search(r"\((.*?)\)\(", setup["tool:pytest"]["filterwarnings"])
    assert warned is not None
    scripts = set(lines(setup["options"]["py_modules"]))
    assert set(warned[1].split("|")) == packages() | scripts | {"benchmarks"}


def test_every_requirement_is_pinned_within_its_bounds(setup):
    asked = lines(setup["options"]["install_requires"])
    for extra in setup["options.extras_require"].values():
        asked += lines(extra)
    pinned = pins()
    for requirement in map(Requirement, asked):
        for pin in pinned[requirement.name.lower()]:
            (version,) = pin.specifier
            assert Version(version.version) in requirement.specifier, pin


def test_the_test_extra_holds_the_other_extras(setup):
    extras = {name: set(lines(text)) for name, text in setup["options.extras_require"].items()}
    assert set.union(*extras.values()) == extras["test"]


def test_the_changelog_begins_with_this_version(setup):
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## ([\d.]+)", text, re.MULTILINE)
    assert newest is not None and newest[1] == setup["metadata"]["version"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_state_their_permissions_and_pin_their_actions(workflow):
    content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert content["permissions"] == {"contents": "read"}
    for job in content["jobs"].values():
        assert job["timeout-minutes"]
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w/-]+@(v\d+|[0-9a-f]{40})", step["uses"])


def test_make_targets_that_workflows_call_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    called = set()
    for path in (*WORKFLOWS, ROOT / ".ci/run"):
        called |= set(re.findall(r"\bmake ([a-z-]+)", path.read_text(encoding="utf-8")))
    assert {"lint", "test", "test-all", "web-build"} <= called
    for target in called:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
