"""How far a training run has come."""

import dataclasses
import math


@dataclasses.dataclass
class Progress:
    """How far a run has come, and on which pairs; a checkpoint holds these facts.

    Attributes:
        pairs: The number of training pairs.
        fingerprint: The checksum of the training pairs.
        step: The last step that was done.
        best_psnr: The best validation score so far, dB.
    """

    pairs: int
    fingerprint: int
    step: int = 0
    best_psnr: float = -math.inf
