"""The stages of a network that needs statistics of the whole photo, as data and as JSON.

Between two layers that take statistics of the whole image a network is local. Such a part is a
*stage*: it runs in tiles, given the statistics of the tensors that earlier stages computed.
`models/split_stages.py` cuts a network into stages, `export/` writes their description into a
model file's manifest, and `inference/run_stages.py` runs the stages over a photo.
"""

import dataclasses
from typing import Any, Self


@dataclasses.dataclass(frozen=True)
class Stage:
    """The part of a network between two layers that take statistics of the whole image.

    A tensor has the name of the layer that computes it. The first tensor is `image`, the last one
    `enhanced`. The network of a stage takes and returns a dictionary of `(1, H, W, C)` tensors. For
    a tensor `t` it takes the statistics `t_mean` and `t_variance`, float32 `(1, 1, 1, C)`. Tensors
    that pass from stage to stage are float16, as they are stored. A tensor `t` that is to be
    measured is also returned as `t_float32`: a cast in NumPy would take a third of the time.

    Attributes:
        signature: The name of the network from `inputs` to `outputs`. None where the stage computes
            nothing, because the image itself is measured.
        inputs: Tensors of earlier stages, or the image.
        statistics: The names of the statistics that the stage takes, all of tensors in `inputs`.
        outputs: The tensors that later stages need, or the result.
        measured: The tensors in `outputs`, or the image, whose statistics later stages need.
        shifted: The tensors in `measured` that are stored less `t_shift`, `(1, 1, 1, C)`: a mean of
            many deviations would cost float16 its digits. The next stage takes statistics that
            are less `t_shift` too.
        halo: The distance in pixels at which a pixel of the inputs still changes an output.
        measure_signature: The name of the network from the image to `measured`, given the
            statistics of all earlier stages. None for the last stage, and where the image itself
            is measured.
        measure_halo: The halo of that network, pixels.
        channels: The number of channels of each tensor in `outputs`.
    """

    signature: str | None
    inputs: tuple[str, ...]
    statistics: tuple[str, ...]
    outputs: tuple[str, ...]
    measured: tuple[str, ...]
    shifted: tuple[str, ...]
    halo: int
    measure_signature: str | None
    measure_halo: int
    channels: dict[str, int]

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Read a stage of a manifest.

        Raises:
            KeyError: A field is missing.
            TypeError: `fields` is not a JSON object.
        """
        values: dict[str, Any] = {f.name: fields[f.name] for f in dataclasses.fields(cls)}
        for name, value in values.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


@dataclasses.dataclass(frozen=True)
class StagePlan:
    """All stages of a network.

    Attributes:
        stages: The stages in the order of computation; the last one gives `enhanced`.
        tiles: The signature of the network from the image and all statistics to `enhanced`.
    """

    stages: tuple[Stage, ...]
    tiles: str

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Read the entry `stages` of a manifest.

        Raises:
            KeyError: A field is missing.
            TypeError: `fields` is not a JSON object.
        """
        return cls(tuple(map(Stage.from_json, fields["stages"])), str(fields["tiles"]))

    def as_json(self) -> dict[str, Any]:
        """Return the entry `stages` of a manifest, which `from_json` reads."""
        return {"tiles": self.tiles, "stages": [dataclasses.asdict(s) for s in self.stages]}
