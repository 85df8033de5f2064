"""Make the model files of a network that ships, from its `.keras` file.

    python -m export.shipped universal --data_dir ../shared/data/dped

The command writes into `models/pretrained`: a float32 file for images of any size, and float16 and
8-bit files for tiles of 256×256, each with its manifest and pictures. The card (`NAME.md`) holds
the checksums, which the command prints.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from common import command_line
from common.atomic_files import replacing
from common.command_line import option
from export import to_tflite
from export.demos import sample_pictures
from export.source_model import ExportError
from models.shipped import PRETRAINED, SHIPPED

AUTHOR = "the dped-keras project"
# Suffix of an exported file: suffix of the file that ships.
VARIANTS = {"_fp32_any": "", "_fp16_256": "_fp16_256", "_int8_256": "_int8_256"}


@dataclasses.dataclass(frozen=True)
class ShippedConfig:
    """The network, and the patches that check and calibrate its files."""

    name: str = option(help="the network: " + ", ".join(SHIPPED), positional=True)
    data_dir: str = option("dped", "folder with patch pairs, as for export/to_tflite.py")


def main(config: ShippedConfig) -> None:
    """Export all files, and move the files that ship into `models/pretrained`."""
    name = config.name
    if name not in SHIPPED:
        raise ExportError(f"{name}: no network that ships; choose {' or '.join(SHIPPED)}")
    source = PRETRAINED / f"{name}.keras"
    with tempfile.TemporaryDirectory() as folder:
        to_tflite.export(
            to_tflite.ExportConfig(
                phone=SHIPPED[name].pairs,
                model=str(source),
                precision="fp32,fp16,int8",
                output=folder,
                data_dir=config.data_dir,
                label=SHIPPED[name].label,
                author=AUTHOR,
                license=f"{SHIPPED[name].terms}; see {name}.md",
            )
        )
        for exported, suffix in VARIANTS.items():
            _ship(Path(folder) / f"{name}{exported}.json", PRETRAINED / f"{name}{suffix}.json")
    for path in [source, *sorted(PRETRAINED.glob(f"{name}*.tflite"))]:
        print(f"{path.name}  {hashlib.sha256(path.read_bytes()).hexdigest()}")


def _ship(manifest_file: Path, target: Path) -> None:
    """Copy the files of a network; the manifest gets the new name of the model file.

    Args:
        manifest_file: The manifest that the export wrote.
        target: The manifest that ships.
    """
    manifest = json.loads(manifest_file.read_text("utf-8"))
    model = target.with_suffix(".tflite")
    names = {picture: picture for picture in sample_pictures(manifest)}
    for old, new in {**names, manifest["file"]: model.name}.items():
        with replacing(target.parent / new) as part:
            shutil.copyfile(manifest_file.parent / old, part)
    text = json.dumps(manifest | {"file": model.name}, indent=2, ensure_ascii=False)
    with replacing(target) as part:
        part.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    user_errors = [
        ExportError,
        "data.pair_files.DatasetError",
        "export.parity.ParityError",
        "models.network_files.WeightsError",
    ]
    command_line.run(main, ShippedConfig, __doc__, user_errors)
