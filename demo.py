"""Demonstration of all stages on photos that ship with scikit-image and Matplotlib.

    python demo.py

The demo needs no data set, no weights and no network connection. The demo simulates pairs of a
BlackBerry and a DSLR, trains the GAN on three photos for a few minutes, scores the pairs of three
other photos, exports a .tflite file, and enhances the other photos with the file. The score is
compared with classical enhancement and with the network that ships for any phone. An interrupted
demo continues at the next run.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import time
from pathlib import Path

from common import command_line
from common.command_line import option
from common.layout import FULL_SIZE_TARGET
from common.run_folder import STATE
from data.pair_files import full_size_photos
from data.shipped_photos import shipped_photos, shipped_portrait
from evaluate import EvaluateConfig, evaluate
from evaluation.methods import INPUT, ONE_CLICK
from export.to_tflite import ExportConfig, export
from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine
from models.shipped import ANY_PHONE
from photos import read_photo, write_photo
from photos.labeled_rows import labeled_rows
from simulation.simulate_patches import simulate_dataset
from train import TrainConfig, train

PHONE = "blackberry"
TEST_PHOTOS = ("astronaut", "coffee", "grace_hopper")  # the training sees no part of these photos
COLUMNS = ("simulated phone", "enhanced by the trained network", "simulated DSLR")


class DemoError(RuntimeError):
    """A demo without an improvement of the photos."""


@dataclasses.dataclass(frozen=True)
class DemoConfig:
    """Options of the demo."""

    folder: str = option("runs/demo", "folder for data, run, models and pictures")
    steps: int = option(400, "number of training steps")


def main(config: DemoConfig) -> int:
    """Run all stages, then print the scores and the paths of the pictures.

    Returns:
        0, or the exit status of an interrupted training.

    Raises:
        DemoError: PSNR or MS-SSIM of the enhanced test pairs is not above that of the input.
    """
    started = time.monotonic()
    folder = Path(config.folder)
    data, run = str(folder / "photos"), folder / f"trained_{config.steps}"

    _stage("1/5 Simulating BlackBerry and DSLR photos of the same scenes")
    photos = shipped_photos() | shipped_portrait()
    dataset = simulate_dataset(
        photos, PHONE, data, train_patches=600, test_patches=90, test_photos=TEST_PHOTOS
    )

    _stage("2/5 Training the generator against the discriminator")
    # A quarter of the width and random VGG features, so that two cores are enough.
    settings = TrainConfig(
        phone=PHONE,
        data_dir=data,
        run_dir=str(run),
        cache_dir=str(folder / "cache"),
        steps=config.steps,
        batch_size=8,
        learning_rate=2e-3,
        schedule="cosine",
        channels=16,
        discriminator_width=0.25,
        content_layer="block2_conv1",
        vgg_weights="random",
        validate_every=100,
        resume=(run / STATE).exists(),
    )
    status = train(settings)
    if status:
        return status

    _stage("3/5 Scoring pairs of three photos that were not used for training")
    best = run / "best.keras"
    scores = evaluate(
        EvaluateConfig(
            phone=PHONE,
            data_dir=data,
            methods=f"{INPUT},{best},{ONE_CLICK},{ANY_PHONE}",
            out=str(folder / "evaluation"),
            cache_dir=str(folder / "cache"),
        )
    )

    _stage("4/5 Exporting the model for the phone")
    files = export(
        ExportConfig(
            phone=PHONE, model=str(best), precision="fp16", data_dir=data, output=str(folder)
        )
    )

    _stage("5/5 Enhancing the three photos with the exported model")
    engine, rows = LiteRTEngine(files[0]), []
    for photo in full_size_photos(data, PHONE):
        before, target = read_photo(photo), read_photo(dataset / FULL_SIZE_TARGET / photo.name)
        rows.append((before, enhance_image(engine, before), target))
    picture = folder / "before_after.jpg"
    write_photo(picture, labeled_rows(COLUMNS, rows))

    print(
        "\nThe simulated phone has one fault in all photos, and the training has learned the fault."
    )
    print(f"{ANY_PHONE} was trained on photos of scikit-image too. Real phones are harder.")
    print(f"\nbefore and after     {picture}")
    print(f"report               {folder / 'evaluation' / 'report.html'}")
    print(f"model for the phone  {files[0]}")
    print(f"{time.monotonic() - started:.0f} s")
    before, after = scores[INPUT], scores[run.name]
    if not (after["psnr"] > before["psnr"] and after["ms_ssim"] > before["ms_ssim"]):
        raise DemoError(
            "the enhanced pairs do not beat the input: train longer with a larger --steps"
        )
    return 0


def _stage(title: str) -> None:
    print(f"\n{title}", flush=True)


if __name__ == "__main__":
    user_errors = [
        DemoError,
        "evaluate.EvaluationError",
        "export.parity.ParityError",
        "export.to_tflite.ExportError",
        "inference.engine.ModelFileError",
        "photos.PhotoError",
        "training.config.TrainingError",
        "data.pair_files.DatasetError",
        "simulation.cameras.SimulationError",
        "models.network_files.WeightsError",
    ]
    command_line.run(main, DemoConfig, __doc__, user_errors)
