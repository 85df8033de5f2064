"""Demonstration of all stages on photos that ship with scikit-image.

    python demo.py

The demo needs no data set, no weights and no network connection. The demo simulates pairs of a
BlackBerry and a DSLR, trains the GAN for a few minutes, scores held-out pairs, exports a .tflite
file, enhances a photo with the file, and prints the paths of the pictures. An interrupted demo
continues at the next run.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import time
from pathlib import Path

from common import command_line
from common.command_line import option
from common.run_folder import STATE
from data.pair_files import full_size_photos
from data.shipped_photos import shipped_photos
from evaluate import EvaluateConfig, evaluate
from evaluation.summary import as_markdown
from export.to_tflite import ExportConfig, export
from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine
from photos import read_photo, write_photo
from simulation.simulate_patches import simulate_dataset
from train import TrainConfig, train

PHONE = "blackberry"


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
    data, run = str(folder / "data"), folder / f"run_{config.steps}"

    _stage("1/5 Simulating BlackBerry and DSLR photos of the same scenes")
    simulate_dataset(shipped_photos(), PHONE, data, train_patches=600, test_patches=60)

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

    _stage("3/5 Scoring held-out pairs of photos that were not used for training")
    best = run / "best.keras"
    scores = evaluate(
        EvaluateConfig(
            phone=PHONE,
            data_dir=data,
            methods=f"input,{best}",
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

    _stage("5/5 Enhancing a photo with the exported model")
    photo = full_size_photos(data, PHONE)[0]
    enhanced = folder / "enhanced.jpg"
    write_photo(enhanced, enhance_image(LiteRTEngine(files[0]), read_photo(photo)))

    print(f"\n{as_markdown(scores, 'input')}")
    print(f"phone photo         {photo}")
    print(f"enhanced            {enhanced}")
    print(f"input|enhanced|DSLR {folder / 'evaluation' / 'samples.png'}")
    print(f"model for the phone {files[0]}")
    print(f"{time.monotonic() - started:.0f} s")
    before, after = scores.values()
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
