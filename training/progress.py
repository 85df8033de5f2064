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

    @classmethod
    def from_saved(cls, facts: dict) -> "Progress":
        """Return the progress in the facts of a checkpoint.

        Raises:
            ValueError: A fact is missing, unknown or has a value that no run writes.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if not {"pairs", "fingerprint"} <= facts.keys() <= known:
            raise ValueError("other facts than this version writes")
        for name, value in facts.items():
            whole = type(value) is int and value >= 0
            number = name == "best_psnr" and type(value) in (int, float) and value == value
            if not (whole or number or (name == "validation" and value is None)):
                raise ValueError(f"{name} is {str(value)[:40]!r}")
        return cls(**facts)
