"""The options of `python -m align`, with every default."""

import dataclasses

from align.alignment_error import AlignmentError
from align.output.write_unit import PATCH_OPTIONS
from align.pairing.pair_photos import PairingMethod
from align.settings import AlignmentSettings
from common.command_line import ESSENTIAL, option

PAIRING, PATCHES, RUNNING = "pairing of the photos", "windows and patches", "computation"


@dataclasses.dataclass(frozen=True)
class AlignConfig:
    """The options of the command."""

    phone_dir: str = option(help="the folder with the phone's photos", group=ESSENTIAL)
    dslr_dir: str = option(
        help="the folder with the DSLR's photos of the same scenes", group=ESSENTIAL
    )
    phone: str = option(
        help="the name of the phone; the command writes the dataset OUTPUT/PHONE", group=ESSENTIAL
    )
    output: str = option("dped", "the folder that holds all datasets", group=ESSENTIAL)
    workers: int | None = option(
        None,
        "the number of processes, each of which needs 1.5 GB of memory (default: one per core)",
        group=RUNNING,
    )
    pairing: str = option(
        PairingMethod.AUTO.value,
        "the way to find the two photos of a scene: by equal file names, by the order of the "
        "names, by capture times, or automatically",
        tuple(method.value for method in PairingMethod),
        group=PAIRING,
    )
    clock_offset: float | None = option(
        None,
        "the seconds that the DSLR's clock is ahead of the phone's clock (default: estimated)",
        group=PAIRING,
    )
    min_ncc: float = option(
        AlignmentSettings.min_ncc,
        "the lowest correlation of the two patches of a pair, from -1 to 1",
        group=PATCHES,
    )
    stride: int = option(
        AlignmentSettings.stride,
        "the distance between windows in pixels; below 100 the windows overlap",
        group=PATCHES,
    )
    format: str = option(
        "jpg",
        "the file format of the patches: jpg (quality 100, 4:4:4) or png",
        tuple(PATCH_OPTIONS),
        group=PATCHES,
    )
    test_share: float = option(
        0.1, "the share of the photos whose patches are for testing", group=PATCHES
    )
    seed: int = option(0, "the seed of the random choice of test photos", group=PATCHES)
    dask: str | None = option(
        None,
        "the address of a Dask scheduler whose workers see the same files (default: no cluster)",
        group=RUNNING,
    )

    def __post_init__(self):
        """Raise AlignmentError for a value out of range."""
        if self.workers is not None and self.workers < 1:
            raise AlignmentError(f"--workers {self.workers}: give 1 or more")
        if not -1 <= self.min_ncc <= 1:
            raise AlignmentError(f"--min_ncc {self.min_ncc}: give a correlation from -1 to 1")
        if self.stride < 1:
            raise AlignmentError(f"--stride {self.stride}: give 1 pixel or more")
        if not 0 < self.test_share < 1:
            raise AlignmentError(f"--test_share {self.test_share}: give a share above 0, below 1")
        if self.seed < 0:
            raise AlignmentError(f"--seed {self.seed}: give 0 or more")
