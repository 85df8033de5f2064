"""How far a training run has come."""

import dataclasses
import math


@dataclasses.dataclass
class Progress:
    """How far a run has come, and on which pairs; a checkpoint holds these facts.

    Attributes:
        pairs: The number of training pairs.
        fingerprint: The checksum of every training pair.
        validation: The checksum of every validation pair; None in a checkpoint of an earlier
            version.
        step: The last step that was done.
        best_psnr: The best validation score so far, dB.
        waited: The number of validations since the best one.
    """

    pairs: int
    fingerprint: int
    validation: int | None = None
    step: int = 0
    best_psnr: float = -math.inf
    waited: int = 0
