"""The import rules of the design, held against every module of the project."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SCRIPTS = {"train", "evaluate", "enhance", "demo"}
# The packages of ours that each package may import besides itself. Scripts may import all of them.
ALLOWED = {
    "common": set(),
    "losses": {"common"},
    "metrics": {"common"},
    "inference": {"common"},
    "photos": {"common", "inference"},
    "data": {"common", "photos"},
    "simulation": {"common", "data", "photos"},
    "align": {"common", "metrics", "photos"},
    "models": {"common", "losses"},
    "evaluation": {"common", "data", "inference", "metrics", "models", "photos"},
    "training": {
        "common",
        "data",
        "inference",
        "losses",
        "metrics",
        "models",
        "photos",
        "simulation",
    },
    "export": {"common", "data", "inference", "models", "photos"},
    "study": {"common", "data", "photos", "simulation"},
    "web": {"common", "export"},
}
WITH_TENSORFLOW = (
    "models/gan.py",
    "models/gan_released.py",
    "models/layers/fused_batch_norm.py",
    "training/backends/gan_distributed.py",
    "models/checkpoints.py",
    "training/universal.py",
    "training/universal_step.py",
    "export/",
)
WITHOUT_KERAS = (
    *("align", "common", "data", "inference", "metrics", "photos", "simulation", "study", "web"),
)
MAY_IMPORT_KERAS = ("common/backend.py",)
HEAVY = {"keras", "tensorflow"}
WITH_SYS_PATH = "export/to_tflite.py"


def imported(source):
    """Dotted names of all that a module imports, at any depth, relative or by a literal name."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(level=0):
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
            case ast.ImportFrom():
                names.add("." * node.level + (node.module or ""))
            case ast.Call(
                func=ast.Attribute(attr="import_module")
                | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                names.add(name)
    return names


def tops(source):
    return {name.split(".")[0] for name in imported(source)}


def uses_of_sys_path(source):
    """How often a module names `sys.path`."""
    count = 0
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="sys"), attr="path"):
                count += 1
            case ast.ImportFrom(module="sys", names=names):
                count += sum(alias.name == "path" for alias in names)
            case ast.Attribute(value=ast.Name(id="site"), attr="addsitedir"):
                count += 1
    return count


def sources():
    """{path: source} of root scripts and packages, without what looks at them from outside."""
    outside = {"tests", "benchmarks", "docs", "runs", "dped", "build", "dist", "node_modules"}
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if parts[0] not in outside and not any(part.startswith(".") for part in parts):
            found["/".join(parts)] = path.read_text(encoding="utf-8")
    return found


SOURCES = sources()
OURS = {name.split("/")[0].removesuffix(".py") for name in SOURCES}


def violations(name, source, ours=OURS):
    """What a module called `name` (a path with slashes) may not do, one line each."""
    package = name.split("/")[0].removesuffix(".py")
    used = tops(source)
    found = []
    if "" in used:
        found.append("imports relatively")
    if package in ALLOWED:
        strangers = (used & ours) - ALLOWED[package] - SCRIPTS - {package}
        found += [f"imports {stranger}" for stranger in sorted(strangers)]
    if package != "demo":
        found += [f"imports the script {script}" for script in sorted(used & SCRIPTS)]
    if "tensorflow" in used and not name.startswith(WITH_TENSORFLOW):
        found.append("imports tensorflow")
    if package in WITHOUT_KERAS and name not in MAY_IMPORT_KERAS:
        found += [f"imports {heavy}" for heavy in sorted(used & HEAVY)]
    if uses_of_sys_path(source) and name != WITH_SYS_PATH:
        found.append("touches sys.path")
    return found


def test_the_walk_finds_the_project():
    assert {
        "common/command_line.py",
        "train.py",
        "data/batches.py",
        "models/gan.py",
    } <= SOURCES.keys()
    assert ALLOWED.keys() | SCRIPTS == OURS - {"android"}
    assert not any("site-packages" in name for name in SOURCES)
    assert not {"tests", "benchmarks"} & OURS
    # No module of ours may hide one of the standard library.
    assert not OURS & sys.stdlib_module_names


@pytest.mark.parametrize("name", SOURCES)
def test_imports_go_one_way(name):
    assert violations(name, SOURCES[name]) == []


def circles(sources):
    """The modules that can reach themselves by their imports, in order of their names."""
    modules = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sources
    }
    edges = {}
    for name, source in sources.items():
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        used = {n if n in modules else n.rpartition(".")[0] for n in imported(source)}
        edges[module] = used & modules - {module}
    reached = {}
    for module in modules:
        seen, ahead = set(), list(edges[module])
        while ahead:
            other = ahead.pop()
            if other not in seen:
                seen.add(other)
                ahead += edges[other]
        reached[module] = seen
    return sorted(module for module in modules if module in reached[module])


def test_no_module_imports_itself_through_others():
    assert circles(SOURCES) == []


def test_a_circle_is_found():
    sources = {
        "a/x.py": "from a.y import f",
        "a/y.py": "def g():\n    from b import z",
        "b/__init__.py": "",
        "b/z.py": "import a.x",
        "b/w.py": "import a.x",
    }
    assert circles(sources) == ["a.x", "a.y", "b.z"]


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("data/x.py", "import numpy\nfrom common.layout import TARGET\nimport photos", []),
        ("data/x.py", "from models import vgg", ["imports models"]),
        ("data/x.py", "def f():\n    if 1:\n        import models.vgg as v", ["imports models"]),
        ("data/x.py", "import keras.ops", ["imports keras"]),
        ("data/x.py", "class A:\n    from losses.color import f", ["imports losses"]),
        ("data/x.py", "database = 'import models'  # import models", []),
        ("metrics/x.py", "from data import layout", ["imports data"]),
        ("inference/x.py", "from ai_edge_litert.interpreter import Interpreter", []),
        ("inference/x.py", "try:\n    import keras\nexcept E:\n    pass", ["imports keras"]),
        ("inference/x.py", "importlib.import_module('models.vgg')", ["imports models"]),
        ("align/x.py", "import training", ["imports training"]),
        ("align/x.py", "from keras import ops", ["imports keras"]),
        ("losses/x.py", "from keras import ops\nimport losses.blur, common.color", []),
        ("losses/x.py", "__import__('models')", ["imports models"]),
        ("losses/x.py", "from ..models import vgg", ["imports relatively"]),
        ("models/x.py", "from losses.presets import Objective\nimport common.backend", []),
        ("models/x.py", "import data", ["imports data"]),
        ("models/x.py", "import tensorflow as tf", ["imports tensorflow"]),
        ("models/checkpoints.py", "def f():\n    from tensorflow.io import gfile", []),
        ("export/x.py", "import tensorflow, models, inference.tiling, data.pair_files", []),
        ("export/x.py", "from metrics import psnr", ["imports metrics"]),
        ("export/x.py", "from train import build", ["imports the script train"]),
        ("train.py", "import data, models, losses, metrics, export, training", []),
        ("train.py", "import tensorflow", ["imports tensorflow"]),
        ("evaluate.py", "def f():\n    import train", ["imports the script train"]),
        ("demo.py", "import train, evaluate, enhance", []),
        ("demo.py", "import sys\nsys.path.insert(0, '.')", ["touches sys.path"]),
        ("common/command_line.py", "import data.pair_files", ["imports data"]),
        ("photos/x.py", "import common.atomic_files, models", ["imports models"]),
        ("simulation/x.py", "from photos import read_photo", []),
        ("study/x.py", "import metrics.intervals", ["imports metrics"]),
        ("study/x.py", "from sys import path", ["touches sys.path"]),
        ("study/x.py", "import os, sys\nos.path.join(sys.argv)\npath = 1", []),
        ("export/to_tflite.py", "import sys\nsys.path.insert(0, '.')", []),
    ],
)  # fmt: skip
def test_the_walker_sees_what_it_should(name, source, expected):
    assert violations(name, source) == expected


def test_sys_path_is_touched_once_and_nowhere_in_tests_or_benchmarks():
    assert uses_of_sys_path(SOURCES.get(WITH_SYS_PATH, "")) <= 1
    for folder in ("tests", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            assert not uses_of_sys_path(path.read_text(encoding="utf-8")), path
