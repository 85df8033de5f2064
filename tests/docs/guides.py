"""The pages that users read, and the commands in them."""

import os
import re
import shlex
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "web/*.md", "android/*.md", "models/pretrained/*.md")
    for path in ROOT.glob(pattern)
)
# Programs that a page may call. Each one is replaced by a stub that records its words.
PROGRAMS = (
    *("python", "python3", "pip", "make", "npm", "node", "git", "apt-get", "dpkg", "adb", "uv"),
    *("cp", "mv", "mkdir", "rm", "ls", "curl", "tar", "unzip", "time", "nice", "nohup", "dask"),
    *("pre-commit", "pytest", "tensorboard", "taskset", "env", "ssh", "head", "tail", "mkcert"),
)
STUB = """#!{bash}
printf '%s\\0' "${{0##*/}}" "$PWD" "$#" "$@" >> "$RECORD"
"""


@dataclass(frozen=True)
class Command:
    """One command that a page asks the reader to run, after the shell has expanded the words."""

    program: str
    words: tuple[str, ...]
    folder: Path  # the current folder, relative to the project

    def __str__(self):
        return shlex.join([self.program, *self.words])


def name(page: Path) -> str:
    """Return the path of a page relative to the project."""
    return page.relative_to(ROOT).as_posix()


def code_blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language, without the indentation of lists."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def commands(page: Path, folder: Path) -> list[Command]:
    """Return the commands that bash would run if a reader pasted all `sh` blocks of a page.

    Every program is a stub, so nothing runs. An unknown program or an unset variable is an error.

    Args:
        page: the page.
        folder: an empty folder for a picture of the project's tree.

    Raises:
        AssertionError: bash refuses a block.
    """
    blocks = code_blocks(page, "sh")
    bash = shutil.which("bash")
    assert bash is not None
    stubs, record, tree = folder / "stubs", folder / "record", folder / "tree"
    stubs.mkdir()
    record.touch()
    tree.mkdir()
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and path.name != "android":
            (tree / path.name).symlink_to(path)
    (tree / ".venv/bin").mkdir(parents=True)
    (tree / ".venv/bin/activate").touch()
    (tree / "android").mkdir()
    programs = [stubs / program for program in PROGRAMS]
    programs += [tree / ".venv/bin" / program for program in ("python", "pip", "pre-commit")]
    if (ROOT / "android/gradlew").is_file():
        programs.append(tree / "android/gradlew")
    for program in programs:
        program.write_text(STUB.format(bash=bash))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for block in blocks:
        script = re.sub(r"^(/usr/bin/)?time (-v )?", "", block, flags=re.MULTILINE)
        result = subprocess.run(
            [bash, "-eu", "-o", "pipefail", "-c", script],
            cwd=tree,
            env={
                "PATH": str(stubs),
                "RECORD": str(record),
                "HOME": str(folder),
                **page_setup(blocks),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, f"{name(page)}:\n{block}\n{result.stderr}"
    fields = record.read_text(encoding="utf-8").split("\0")[:-1]
    found = []
    while fields:
        program, current, count = fields[0], Path(fields[1]), int(fields[2])
        words = tuple(fields[3 : 3 + count])
        found.append(Command(program, words, current.relative_to(tree)))
        fields = fields[3 + count :]
    return found


def page_setup(blocks: list[str]) -> dict[str, str]:
    """Return the variables that the blocks of a page export for the blocks after them."""
    found = {}
    for block in blocks:
        for variable, value in re.findall(r"^export (\w+)=(\S+)", block, re.MULTILINE):
            found[variable] = os.path.expandvars(value)
    return found


def anchors(page: Path) -> set[str]:
    """Return the names that links may use after `#`, made as GitHub makes them."""
    found: dict[str, int] = {}
    text = re.sub(r"^( *)```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
    return {
        slug if n == 0 else f"{slug}-{n}" for slug, last in found.items() for n in range(last + 1)
    }
