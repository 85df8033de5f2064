import dataclasses
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from common import command_line
from common.command_line import option
from common.option_parser import parser_for

ROOT = Path(command_line.__file__).resolve().parents[1]


@dataclasses.dataclass(frozen=True)
class Config:
    """One field of each kind."""

    phone: str = option(help="name of the phone")
    steps: int = option(200, "training steps")
    rate: float = option(5e-4, "learning rate")
    model: str = option("dped", "network", choices=("dped", "mobile"))
    width: int | None = option(None, "width, or the published one")
    layers: tuple[int, ...] = option((1, 2), "layers", nargs="+")
    resume: bool = option(False, "go on")


def parsed(config_class, *words) -> dict[str, Any]:
    values = vars(parser_for(config_class, "A script.").parse_args(list(words)))
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def refused(capsys, config_class, *words):
    with pytest.raises(SystemExit) as raised:
        parsed(config_class, *words)
    assert raised.value.code == 2
    return capsys.readouterr().err


def test_defaults_are_those_of_the_dataclass():
    assert Config(**parsed(Config, "--phone", "mine")) == Config(phone="mine")


def test_each_field_is_a_flag_of_its_type():
    words = "--phone sony --steps 7 --rate 1e-3 --model mobile --width 16 --layers 3 4 5 --resume"
    assert parsed(Config, *words.split()) == {
        "phone": "sony",
        "steps": 7,
        "rate": 1e-3,
        "model": "mobile",
        "width": 16,
        "layers": (3, 4, 5),
        "resume": True,
    }


@pytest.mark.parametrize(
    ("words", "culprit"),
    [
        ("", "--phone"),
        ("--phone x --steps 1.5", "--steps"),
        ("--phone x --rate fast", "--rate"),
        ("--phone x --width wide", "--width"),
        ("--phone x --model vgg", "--model"),
        ("--phone x --layers", "--layers"),
        ("--phone x --resume yes", "yes"),
        ("--phone x --stepz 3", "--stepz"),
        ("--phone x photo.jpg", "photo.jpg"),
    ],
)
def test_bad_words_are_named(capsys, words, culprit):
    last = refused(capsys, Config, *words.split()).strip().splitlines()[-1]
    assert "error:" in last and culprit in last


def test_choices_are_listed(capsys):
    message = refused(capsys, Config, "--phone", "x", "--model", "vgg")
    assert "dped" in message and "mobile" in message


def test_help_shows_each_flag_with_its_default(capsys):
    with pytest.raises(SystemExit) as raised:
        parsed(Config, "--help")
    assert raised.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.count("A script.") == 1
    assert "training steps (default: 200)" in text
    assert "name of the phone" in text
    for field in dataclasses.fields(Config):
        assert f"--{field.name}" in text


@dataclasses.dataclass(frozen=True)
class Grouped:
    """Fields of two groups, of none, and with defaults of all kinds."""

    photos: tuple[str, ...] = option(help="photos", positional=True, nargs="+", metavar="PHOTO")
    phone: str = option(help="name of the phone", group=command_line.ESSENTIAL)
    rate: float = option(0.5, "learning rate", group="schedule")
    share: float = option(0.0, "share, from 0%% to 100%%", group="schedule")
    width: int | None = option(None, "width", group="schedule")
    seed: int = option(0, "seed")
    pattern: str = option("%d.jpg", "names of the files")
    layers: tuple[int, ...] = option((1, 2), "layers", nargs="+", group=command_line.ESSENTIAL)
    folder: str = option("runs", "folder; by default runs", group=command_line.ESSENTIAL)
    fast: bool = option(False, "go fast")
    smooth: bool = option(True, "smooth the result")


def test_help_is_grouped_with_the_essential_options_first():
    text = parser_for(Grouped, "A script.").format_help_all()
    places = [
        *("positional arguments:", "PHOTO", "essential options:", "--phone PHONE", "--layers"),
        *("--folder", "schedule:", "--rate", "--share", "--width", "other options:", "--seed"),
        *("--pattern", "--fast", "--smooth", "--help"),
    ]
    found = [text.rindex(place) for place in places]
    assert found == sorted(found)


def test_options_without_any_group_stand_under_one_heading():
    text = parser_for(Config, "A script.").format_help()
    assert "\noptions:\n" in text and "other options" not in text


def test_help_shows_a_default_once_and_only_where_it_is_a_word_to_type():
    text = " ".join(parser_for(Grouped, "A script.").format_help_all().split())
    assert "learning rate (default: 0.5)" in text
    assert "share, from 0% to 100% (default: 0.0)" in text
    assert "seed (default: 0)" in text
    assert "names of the files (default: %d.jpg)" in text
    assert "layers (default: 1 2)" in text
    assert "smooth the result (default: on)" in text
    assert text.count("default: ") == 6  # none for width, phone, fast, photos and help
    assert "None" not in text and "False" not in text


DESCRIPTION = """What the command does.

    python command.py photo.jpg

All that a reader may want to know later.
"""


def test_help_shows_an_example_and_the_essential_options_only():
    text = parser_for(Grouped, DESCRIPTION, "command.py").format_help()
    shown = text.splitlines()
    assert shown[0] == "usage: command.py PHOTO [PHOTO ...] --phone PHONE [options]"
    assert "    python command.py photo.jpg" in shown and "later" not in text
    for name in ("photos", "--phone", "--layers", "--folder", "--help_all"):
        assert name in text
    assert "show all 11 options" in text
    for name in ("--rate", "--share", "--width", "--seed", "--pattern", "--fast", "schedule"):
        assert name not in text


def test_help_all_shows_every_option(capsys):
    with pytest.raises(SystemExit) as raised:
        parser_for(Grouped, DESCRIPTION).parse_args(["--help_all"])
    assert raised.value.code == 0
    text = capsys.readouterr().out
    for field in dataclasses.fields(Grouped)[1:]:
        assert f"--{field.name}" in text or f"--no-{field.name}" in text
    assert "may want to know later" in text


def test_a_command_without_essential_options_has_one_help():
    parser = parser_for(Config, DESCRIPTION)
    assert parser.format_help() == parser.format_help_all()
    assert "later" in parser.format_help() and "--help_all" not in parser.format_help()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("--phone x --stepz 3", "did you mean '--steps' for '--stepz'?"),
        ("--phome x", "did you mean '--phone' for '--phome'?"),
        ("--phone x --Layers=1", "did you mean '--layers' for '--Layers'?"),
        ("--phone x --model dpde", "did you mean 'dped'?"),
    ],
)
def test_a_mistyped_word_gets_the_nearest_known_word(capsys, words, hint):
    error = refused(capsys, Config, *words.split())
    assert hint in error and error.count("\n") == 1


@pytest.mark.parametrize("words", ["--phone x --quality 3", "--phone x --model vgg", "--ste 3"])
def test_a_word_like_no_known_word_gets_no_hint(capsys, words):
    assert "did you mean" not in refused(capsys, Config, *words.split())


@pytest.mark.parametrize("word", ["--helpfull", "--helpshort", "-h"])
def test_other_words_for_help_work_and_are_not_listed(capsys, word):
    with pytest.raises(SystemExit) as raised:
        parsed(Config, word)
    assert raised.value.code == 0
    text = capsys.readouterr().out
    assert "training steps" in text and "--helpfull" not in text and "--helpshort" not in text


@dataclasses.dataclass(frozen=True)
class Positional:
    """Words without a flag."""

    photos: tuple[str, ...] = option(help="photos", positional=True, nargs="+", metavar="PHOTO")
    output: str = option("out", "folder")


def test_positional_words_are_gathered(capsys):
    expected = {"photos": ("a.jpg", "b.jpg"), "output": "o"}
    assert parsed(Positional, "a.jpg", "b.jpg", "--output", "o") == expected
    assert parsed(Positional, "--output", "o", "a.jpg", "b.jpg") == expected
    assert "PHOTO" in refused(capsys, Positional)


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Positional words of a type."""

    sizes: tuple[int, ...] = option(help="sizes", positional=True, nargs=2)


@pytest.mark.parametrize("name", ["-x.jpg", "-h.jpg", "--", "--flag.jpg"])
def test_a_file_whose_name_begins_with_a_dash_gets_a_hint(tmp_path, monkeypatch, capsys, name):
    @dataclasses.dataclass(frozen=True)
    class Config:
        photos: tuple[str, ...] = option(positional=True, nargs="+", metavar="PHOTO")

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        parser_for(Config, None).parse_args([name])
    assert "begins with -" not in capsys.readouterr().err
    (tmp_path / name).touch()
    with pytest.raises(SystemExit) as raised:
        parser_for(Config, None).parse_args([name])
    error = capsys.readouterr().err
    assert raised.value.code == 2 and f"write ./{name}" in error and error.count("\n") == 1


def test_positional_words_are_converted(capsys):
    assert parsed(Numbers, "3", "4") == {"sizes": (3, 4)}
    assert "x" in refused(capsys, Numbers, "3", "x")


@dataclasses.dataclass(frozen=True)
class WithDefaults:
    """Defaults where argparse has ideas of its own."""

    photo: str = option("photo.jpg", "photo", positional=True, nargs="?")
    smooth: bool = option(True, "smooth")


def test_defaults_of_positional_and_true_fields_hold():
    assert WithDefaults(**parsed(WithDefaults)) == WithDefaults()
    assert parsed(WithDefaults, "x.jpg")["photo"] == "x.jpg"


# --- run(), from outside ------------------------------------------------------------------------

SCRIPT = """
    import dataclasses
    import sys

    from common import command_line
    from common.command_line import option


    class Wrong(ValueError):
        pass


    @dataclasses.dataclass(frozen=True)
    class Config:
        '''The configuration.'''

        what: str = option(help="what to do", choices=None)
        words: tuple[str, ...] = option(("a", "b"), "words", nargs="*")
        count: int = option(1, "a number")


    def main(config):
        from pathlib import Path

        print("config", config)
        match config.what:
            case "nothing":
                return None
            case "status":
                return 3
            case "wrong":
                raise Wrong("this is\\n  wrong")
            case "silent":
                raise Wrong
            case "missing":
                Path("no-such-file.txt").read_text()
            case "full":
                raise OSError("disk is\\nfull")
            case "late":
                import fractions
                import tomllib_like

                raise tomllib_like.LateError("came late")
            case "bug":
                raise ValueError("not the user's fault")
            case "interrupt":
                raise KeyboardInterrupt
            case "much":
                for number in range(100_000):
                    print(number)


    if __name__ == "__main__":
        command_line.run(
            main,
            Config,
            "A script.",
            errors=[Wrong, "tomllib_like.LateError", "tomllib_like.Gone", "never_loaded.Error"],
        )
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    folder = tmp_path_factory.mktemp("script")
    (folder / "tomllib_like.py").write_text("class LateError(Exception):\n    pass\n")
    (folder / "script.py").write_text(textwrap.dedent(SCRIPT))
    return folder / "script.py"


def run(script, *words, **options):
    return subprocess.run(
        [sys.executable, script.name, *words],
        cwd=script.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


@pytest.mark.parametrize(("what", "status"), [("nothing", 0), ("status", 3)])
def test_the_status_is_that_of_main(script, what, status):
    result = run(script, "--what", what, "--words", "x", "y", "--count", "5")
    assert (result.returncode, result.stderr) == (status, "")
    assert f"Config(what='{what}', words=('x', 'y'), count=5)" in result.stdout


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("wrong", "this is wrong"),
        ("silent", "Wrong"),
        ("missing", "no-such-file.txt: No such file or directory"),
        ("full", "disk is full"),
        ("late", "came late"),
    ],
)
def test_an_error_of_the_user_is_one_line(script, what, message):
    result = run(script, "--what", what)
    assert result.returncode == 1
    assert result.stderr == f"script.py: error: {message}\n"


def test_a_module_is_named_as_it_was_started(script):
    result = subprocess.run(
        [sys.executable, "-m", "script", "--what", "wrong"],
        cwd=script.parent, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.stderr == "python -m script: error: this is wrong\n"


def test_a_bug_keeps_its_traceback(script):
    result = run(script, "--what", "bug")
    assert result.returncode == 1
    assert "Traceback" in result.stderr and "script.py" in result.stderr
    assert result.stderr.strip().splitlines()[-1] == "ValueError: not the user's fault"


def test_an_interrupt_is_one_line_and_130(script):
    result = run(script, "--what", "interrupt")
    assert (result.returncode, result.stderr) == (130, "script.py: interrupted\n")


def test_an_unknown_flag_ends_without_a_traceback(script):
    result = run(script, "--what", "nothing", "--wat", "x")
    assert result.returncode == 2
    assert "--wat" in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == ""  # main never ran


def test_flags_of_absl_are_not_ours(script):
    result = run(script, "--help")
    assert result.returncode == 0
    assert "--what" in result.stdout and "--count" in result.stdout
    assert "--only_check_args" not in result.stdout


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_nothing(script, closed):
    command = f"{sys.executable} {script.name} --what much {closed}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-c", command], cwd=script.parent, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_leaves_gets_no_message_and_the_status_of_a_broken_pipe(script):
    process = subprocess.Popen(
        [sys.executable, script.name, "--what", "much"],
        cwd=script.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    message = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), message) == (141, "")


def test_a_flag_may_be_called_what_no_field_can(capsys):
    @dataclasses.dataclass(frozen=True)
    class Classes:
        classes: tuple[str, ...] = option((), "a class", action="append", flag="class")
        fast: bool = option(True, "go fast", flag="quick")

    words = "--class", "a=1", "--class", "b=2", "--no-quick"
    assert parsed(Classes, *words) == {"classes": ("a=1", "b=2"), "fast": False}
    assert parsed(Classes) == {"classes": (), "fast": True}
    assert "--classes" in refused(capsys, Classes, "--classes", "a=1")


def test_a_flag_may_print_a_text_in_place_of_the_work(capsys):
    @dataclasses.dataclass(frozen=True)
    class Listing:
        files: tuple[str, ...] = option(help="files", positional=True, nargs="+")
        shown: bool = option(False, "list all", flag="list", prints=lambda: "all of it\n")

    assert parsed(Listing, "a") == {"files": ("a",), "shown": False}
    with pytest.raises(SystemExit) as raised:
        parsed(Listing, "--list")  # no file is necessary
    assert raised.value.code in (None, 0)
    assert capsys.readouterr().out == "all of it\n"


def test_words_can_be_given_in_place_of_the_command_line(capsys):
    with pytest.raises(SystemExit) as raised:
        command_line.run(lambda config: print(config.steps), Config, "x",
                        words=["--phone", "mine", "--steps", "3"])  # fmt: skip
    assert raised.value.code == 0
    assert capsys.readouterr().out == "3\n"


@pytest.mark.parametrize("word", ["inf", "-inf", "nan", "1e999"])
def test_numbers_that_are_not_finite_are_refused(capsys, word):
    assert "give a finite number" in refused(capsys, Config, "--phone", "a", f"--rate={word}")


@pytest.mark.parametrize("word", ["4294967296", "-4294967296", "9" * 400])
def test_whole_numbers_that_no_program_takes_are_refused(capsys, word):
    for flag in ("--steps", "--width", "--layers"):
        assert "give a number of at most" in refused(
            capsys, Config, "--phone", "a", f"{flag}={word}"
        )


def test_the_largest_seed_is_taken():
    assert parsed(Config, "--phone", "a", "--steps", "4294967295")["steps"] == 4294967295


def test_a_lack_of_memory_and_a_strange_name_end_in_one_line(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import dataclasses, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from common import command_line\n"
        "@dataclasses.dataclass(frozen=True)\n"
        "class Config:\n"
        "    size: int = command_line.option(1, 'x')\n"
        "def main(config):\n"
        "    print('a\\udcff')\n"
        "    bytearray(config.size << 40)\n"
        "command_line.run(main, Config, 'A script.')\n"
    )
    done = subprocess.run(
        [sys.executable, script, "--size", "100000"], capture_output=True, text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "a\\udcff\n")
    assert done.stderr.count("\n") == 1 and "not enough memory" in done.stderr


@dataclasses.dataclass(frozen=True)
class Knowing:
    """A configuration that knows which options the command line gives."""

    phone: str = option(help="name of the phone")
    steps: int = option(200, "training steps")
    resume: bool = option(False, "go on")
    smooth: bool = option(True, "smooth the result")
    given: frozenset[str] = command_line.given_options()


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("", set()),
        ("--steps 200", {"steps"}),
        ("--steps=200 --resume", {"steps", "resume"}),
        ("--smooth", {"smooth"}),
        ("--no-smooth", {"smooth"}),
    ],
)
def test_an_option_counts_as_given_also_where_it_equals_its_default(capsys, words, given):
    words = ["--phone", "x", *words.split()]
    with pytest.raises(SystemExit):
        command_line.run(lambda config: print(sorted(config.given)), Knowing, "x", words=words)
    assert capsys.readouterr().out == f"{sorted({'phone', *given})}\n"
    assert Knowing("x").given == frozenset() and Knowing("x") == Knowing("x", given={"phone"})
    with pytest.raises(SystemExit):
        parsed(Knowing, "--help")
    assert "--given" not in capsys.readouterr().out


def lacks_in_python(_):
    raise MemoryError


def lacks_in_opencv(_):
    cv2.resize(np.zeros((8, 8), np.uint8), (1 << 30, 1 << 15))


def lacks_in_tensorflow(_):
    error = type("ResourceExhaustedError", (Exception,), {})
    raise error("OOM when allocating tensor with shape[1000000,10000000]")


def lacks_in_jax(_):
    error = type("XlaRuntimeError", (RuntimeError,), {})
    raise error("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.")


@pytest.mark.parametrize(
    "main", [lacks_in_python, lacks_in_opencv, lacks_in_tensorflow, lacks_in_jax]
)
def test_a_lack_of_memory_is_one_line(capsys, main):
    with pytest.raises(SystemExit) as ended:
        command_line.run(main, Config, "A script.", prog="script", words=["--phone", "x"])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("script: error: not enough memory")
