"""The numeric precisions of an exported file: one table with all that depends on the precision."""

import dataclasses
from enum import StrEnum


class Precision(StrEnum):
    """A file's precision, as file names and manifests spell it."""

    FP32 = "fp32"
    FP16 = "fp16"
    DYNAMIC = "dynamic"
    INT8 = "int8"


@dataclasses.dataclass(frozen=True)
class PrecisionProperties:
    """What depends on the precision of a file.

    Attributes:
        summary: a few words for the command's help.
        pixel_dtype: NumPy's name for the type of the input and output pixels.
        max_difference: largest allowed difference to Keras of any value, range [0, 1].
        min_psnr: smallest allowed PSNR to Keras over all values, decibels.
        sample_levels: by how many levels of 255 an app's result may differ from the expected
            sample picture.
        demo_rank: place among the files of one network in the demos; rank 0 comes first.
        demo_words: what a photographer reads about the precision in the demos.
    """

    summary: str
    pixel_dtype: str
    max_difference: float
    min_psnr: float
    sample_levels: int
    demo_rank: int
    demo_words: str


# Parity. An fp32 file differs from Keras only by the order of sums. An fp16 file rounds weights to
# 11 bits: the authors' generators stay within a third of an 8-bit level (docs/results.md). Every
# network loses something in 8 bits, and each network loses a different amount. The check refuses a
# file that is visibly or measurably worse than its source. An error at 36 dB costs 0.13 dB for a
# photo at 21 dB to the DSLR's, if both errors are independent. The largest of millions of
# differences says less.
# Sample levels. With the runtime's reference kernels in place of XNNPACK's, the networks here
# differ by 1, 1, 16 and 7 levels. A GPU that computes in 16 bits was not at hand (docs/deploy.md).
# Demo rank. Files of floats run on GPUs too. Tiles of dynamic files do not join exactly.
PROPERTIES = {
    Precision.FP32: PrecisionProperties("32-bit floats", "float32", 1e-3, 80.0, 1, 2, "reference"),
    Precision.FP16: PrecisionProperties(
        "16-bit weights", "float32", 2 / 255, 60.0, 2, 0, "best quality"
    ),
    Precision.DYNAMIC: PrecisionProperties("8-bit weights", "float32", 0.2, 36.0, 20, 3, "small"),
    Precision.INT8: PrecisionProperties("8-bit arithmetic", "uint8", 0.2, 36.0, 10, 1, "fastest"),
}
