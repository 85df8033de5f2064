"""The description of one stage of a network that needs statistics of the whole image."""

import dataclasses
from typing import Any, Self


@dataclasses.dataclass(frozen=True)
class Stage:
    """A part of a network between two layers that need statistics of the whole image.

    `models.split_stages` cuts a network into stages, a model file's manifest lists the stages, and
    `inference.run_stages` runs the stages over a photo in tiles.

    A tensor has the name of the layer that computes the tensor; the first tensor is `image`, the
    last one `enhanced`. The networks of a stage take and return dictionaries of `(1, H, W, C)`
    float32 tensors by name. Statistics of a tensor `t` are the inputs `t_mean` and `t_variance`,
    `(1, 1, 1, C)`. Tensors that pass from stage to stage are stored, so they are float16. A stored
    tensor that is to be measured comes as `t_float32` too, because a cast in NumPy would take a
    third of the time.

    Attributes:
        signature: name of the network from `inputs` to `outputs`. None if the stage computes
            nothing, because the next layer needs the statistics of the image itself.
        inputs: tensors of earlier stages, or the image.
        statistics: names of the statistics that the network takes, all of tensors in `inputs`.
        outputs: tensors that later stages need, or the result.
        measured: those of `outputs`, or the image, whose statistics later stages need.
        shifted: those of `measured` that are stored minus `<tensor>_shift`, `(1, 1, 1, C)`. A mean
            of many standard deviations would cost float16 its digits. The statistics that the
            next stage takes are minus the shift too.
        halo: pixels of the inputs, around a pixel, that an output pixel depends on.
        measure_signature: name of the network from the image to `measured`, given the statistics
            of all earlier stages. None where `signature` is None, and for the last stage.
        measure_halo: the halo of the network `measure_signature`.
        channels: number of channels of each tensor in `outputs`.
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
            KeyError: a field is missing.
            TypeError: the manifest's entry is no object.
        """
        values = {field.name: fields[field.name] for field in dataclasses.fields(cls)}
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
