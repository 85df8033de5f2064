"""A network cut where it takes statistics of the whole image, into parts that are local.

Instance norm and PPCN's contrast need the mean and variance of a whole image before the next layer
can start, so a tile of a photo says nothing by itself. Between these layers a network is local. Cut
there, each *stage* is a network that runs in tiles, given the statistics of the tensors that the
stages before it computed; `inference/run_stages.py` runs them over a photo.
"""

import dataclasses

import keras
import numpy as np
from keras import ops

from common.tensor_names import ENHANCED, IMAGE
from models.anatomy import STATISTICS, own_reach, parents
from models.layers.normalization import InstanceNormalization


@dataclasses.dataclass(frozen=True)
class Stage:
    """What lies between two layers of whole-image statistics, and how to get there.

    Tensors go by the name of the layer that computes them, the first and last one by `image` and
    `enhanced`. Networks take and return dictionaries of `(1, H, W, C)` float32 tensors; they take
    statistics `t_mean` and `t_variance`, `(1, 1, 1, C)`, of a tensor `t`. The network of a stage
    has what passes from stage to stage in float16, to be stored, and returns what is to be measured
    as `t_float32` too. (The cast in NumPy would take a third of the time.)

    Attributes:
        signature: name of the network from `inputs` to `outputs`, or None where there is nothing
            to compute because the image itself is what is measured.
        inputs: tensors of earlier stages, or the image.
        statistics: names of the statistics that it takes, all of tensors in `inputs`.
        outputs: tensors that later stages need, or the result.
        measured: which of `outputs` (or the image) later stages need the statistics of.
        shifted: which of `measured` are stored less `<tensor>_shift`, `(1, 1, 1, C)`: a mean of
            many deviations costs float16 its digits. The next stage's statistics are less it too.
        halo: pixels by which an output depends on its surroundings in the inputs.
        measure_signature: name of the network from the image to `measured`, given the statistics
            of all stages before; None as above, or for the last stage.
        measure_halo: likewise for that network.
        channels: of each tensor in `outputs`.
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


@dataclasses.dataclass(frozen=True)
class StagedNetwork:
    """A network in stages.

    Attributes:
        stages: in order; the last one gives `enhanced`.
        tiles: signature of the network from the image and all statistics to the result.
        networks: {signature: functional model}; they share the layers of the network cut.
    """

    stages: tuple[Stage, ...]
    tiles: str
    networks: dict[str, keras.Model]

    def as_json(self) -> dict:
        """What a manifest says of the stages; `inference.stage_manifest.Stages` reads it."""
        return {"tiles": self.tiles, "stages": [dataclasses.asdict(s) for s in self.stages]}


def split_stages(model: keras.Model) -> StagedNetwork:
    """Cut a functional network from RGB images to RGB images into stages.

    The parts share the layers of `model`, which is left as it is.

    Raises:
        WeightsError: a layer whose reach is not known, see `receptive_radius`.
    """
    graph = _Graph(model)
    last = max(graph.level.values())
    stages, networks = [], {}
    for level in range(last + 1):
        own = [layer for layer in graph.layers if graph.level[layer] == level]
        outputs = [layer for layer in own if graph.leaves(layer, level)]
        measured = [layer for layer in own if graph.is_measured(layer)]
        inputs = [
            source
            for source in graph.layers
            if graph.level[source] < level or source is graph.image
            if any(source in parents(layer) for layer in own)
        ]
        # The image is at hand in every stage: it is never an output.
        outputs = [layer for layer in outputs if layer is not graph.image]
        statistics = [
            f"{graph.name(parents(layer)[0])}_{kind}"
            for layer in own
            for kind in getattr(layer, "statistics", ())
        ]
        signature = measure_signature = None
        halo = measure_halo = 0
        if outputs:
            signature = f"stage_{level}"
            networks[signature], halo = graph.network(inputs, outputs, stored=True)
        if measured and measured != [graph.image]:
            measure_signature = f"statistics_{level}"
            networks[measure_signature], measure_halo = graph.network([graph.image], measured)
        stages.append(
            Stage(
                signature,
                graph.names(inputs),
                tuple(dict.fromkeys(statistics)),
                graph.names(outputs),
                graph.names(measured),
                graph.names(x for x in measured if x is not graph.image and graph.is_shifted(x)),
                halo,
                measure_signature,
                measure_halo,
                {graph.name(layer): int(layer.output.shape[-1]) for layer in outputs},
            )
        )
    networks["tiles"], _ = graph.network([graph.image], [graph.last])
    return StagedNetwork(tuple(stages), "tiles", networks)


class _Graph:
    """The layers of a network, each used once, and how many layers of statistics lie before."""

    def __init__(self, model: keras.Model):
        self.layers = list(model.layers)  # in the order of computation
        self.image = next(x for x in self.layers if isinstance(x, keras.layers.InputLayer))
        self.last = model.outputs[0]._keras_history.operation
        self.level = {}
        for layer in self.layers:
            before = max((self.level[parent] for parent in parents(layer)), default=0)
            self.level[layer] = before + isinstance(layer, STATISTICS)
        self._children = {layer: [] for layer in self.layers}
        for layer in self.layers:
            for parent in parents(layer):
                self._children[parent].append(layer)

    def name(self, layer) -> str:
        return {self.image: IMAGE, self.last: ENHANCED}.get(layer, layer.name)

    def names(self, layers) -> tuple[str, ...]:
        return tuple(map(self.name, layers))

    def leaves(self, layer, level: int) -> bool:
        """Is its output needed after its stage?"""
        later = any(self.level[child] > level for child in self._children[layer])
        return later or layer is self.last

    def statistics(self, layer) -> list[str]:
        """The names of the statistics that a layer takes."""
        if not isinstance(layer, STATISTICS):
            return []
        return [f"{self.name(parents(layer)[0])}_{kind}" for kind in layer.statistics]

    def is_measured(self, layer) -> bool:
        return any(isinstance(child, STATISTICS) for child in self._children[layer])

    def is_shifted(self, layer) -> bool:
        """May it be stored less a shift, because norms alone read it, which take off any mean?"""
        return all(isinstance(x, InstanceNormalization) for x in self._children[layer])

    def network(self, inputs, outputs, stored: bool = False) -> tuple[keras.Model, int]:
        """The network from the outputs of some layers to those of others, and its reach.

        Statistics needed on the way are inputs. If `stored`, tensors are float16 at both ends.
        """
        arguments, values, reach = {}, {}, {}
        for layer in inputs:
            half = stored and layer is not self.image
            tensor = keras.Input(
                (None, None, layer.output.shape[-1]),
                name=self.name(layer),
                dtype="float16" if half else "float32",
            )
            arguments[self.name(layer)] = tensor
            values[layer] = ops.cast(tensor, "float32") if half else tensor
            reach[layer] = np.zeros(2, int)
        for layer in self._between(inputs, outputs):
            sources = parents(layer)
            given = {}
            if isinstance(layer, STATISTICS):
                for kind in layer.statistics:
                    name = f"{self.name(sources[0])}_{kind}"
                    if name not in arguments:
                        arguments[name] = keras.Input(
                            (1, 1, sources[0].output.shape[-1]), name=name
                        )
                    given[kind] = arguments[name]
            tensors = [values[source] for source in sources]
            values[layer] = layer(tensors[0] if len(tensors) == 1 else tensors, **given)
            reach[layer] = np.max([reach[s] for s in sources], axis=0) + own_reach(layer)
        results = {}
        for layer in outputs:
            half = stored and layer is not self.last
            value = values[layer]
            if half and self.is_shifted(layer):
                name = f"{self.name(layer)}_shift"
                arguments[name] = keras.Input((1, 1, value.shape[-1]), name=name)
                value = value - arguments[name]
            results[self.name(layer)] = ops.cast(value, "float16") if half else value
            if half and self.is_measured(layer):
                results[f"{self.name(layer)}_float32"] = value
        farthest = int(np.max([reach[layer] for layer in outputs]))
        return keras.Model(arguments, results), farthest

    def _between(self, inputs, outputs) -> list:
        wanted, queue = set(), list(outputs)
        while queue:
            layer = queue.pop()
            if layer not in wanted and layer not in inputs:
                wanted.add(layer)
                queue += parents(layer)
        return [layer for layer in self.layers if layer in wanted]
