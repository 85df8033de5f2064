"""On a full disk each command ends in one line that names a file, and leaves no part of a file.

The limit on the size of a file stands for the disk: no write passes it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import pytest

from data.shipped_photos import shipped_photos
from models.shipped import PRETRAINED

ROOT = Path(__file__).resolve().parent.parent
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
# Commands as in the documentation. {phone}, {dslr}: photos; {data}: patch pairs; {study}: a study
# with votes; {out}: where the command writes. The number is the room for each file, bytes.
COMMANDS = {
    "align": (
        "-m align --phone_dir {phone} --dslr_dir {dslr} --phone mine --output {out} --workers 1",
        (100, 5_000),
    ),
    "evaluate": (
        "evaluate.py --phone mine --data_dir {data} --methods input,one_click --out {out}",
        (100, 10_000),
    ),
    "export": (
        "export/to_tflite.py --model {network} --precision fp32,int8 --data_dir {data} "
        "--output {out}",
        (100, 50_000),
    ),
    "demos": ("-m export.demos --to {out}", (100, 200_000)),
    "enhance": ("enhance.py {phone} --output {out}", (100, 50_000)),
    "compare": ("enhance.py {phone} --output {out} --compare", (100, 50_000)),
    "simulate_patches": (
        "-m simulation.simulate_patches --phone generic --train_patches 20 --test_patches 10 "
        "--output {out}",
        (100, 3_000),
    ),
    "simulate_photos": (
        "-m simulation.simulate_photos --phone generic --photos {dslr} --output {out}/shoot",
        (100, 5_000),
    ),
    "measure": (
        "-m simulation.measure --phone mine --data_dir {data} --output {out}/mine.json",
        (100,),
    ),
    "free_photos": ("-m data.free_photos --output {out}", (100, 50_000)),
    "prepare": (
        "-m study prepare --class phone={phone} --class dslr={dslr} --out {out}/study",
        (100, 1_000),
    ),
    "simulate": (
        "-m study simulate --out {out}/study --participants 3 --photos 2 --repeats 1",
        (100, 20_000),
    ),
    "report": ("-m study report {study} --out {out}", (100, 10_000)),
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, write_dataset):
    root = tmp_path_factory.mktemp("inputs")
    write_dataset(root / "data", "mine", train=12, test=6)
    for name, photo in list(shipped_photos().items())[:2]:
        for side, pixels in (("phone", photo // 2), ("dslr", photo)):
            (root / side).mkdir(exist_ok=True)
            iio.imwrite(root / side / f"{name}.png", pixels)
    command = COMMANDS["simulate"][0].format(out=root).split()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
    folders = {name: root / name for name in ("data", "phone", "dslr", "study")}
    return folders | {"network": PRETRAINED / "iphone_3gs.keras"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "room"), [(name, room) for name, (_, rooms) in COMMANDS.items() for room in rooms]
)
def test_a_full_disk_is_one_line_that_names_a_file(inputs, tmp_path, name, room):
    out = tmp_path / "out"
    out.mkdir()
    words = COMMANDS[name][0].format(**inputs, out=out).split()
    if words[0] != "-m":
        words[0] = str(ROOT / words[0])
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 1, done.stdout
    line = done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr and "Errno" not in done.stderr
    reason = "(cannot be written: )?File too large|disk I/O error"  # the second of SQLite
    assert re.search(rf"error: (\S+): ({reason})$", line), line
    assert not [path for path in out.rglob("*") if ".part" in path.name]
