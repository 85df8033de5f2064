"""Splitting of a network into stages at the layers that need statistics of the whole image.

Instance normalization and PPCN's contrast layer need the mean and the variance of a whole image
before the next layer can start. A tile of a photo does not give these statistics. Between two such
layers a network is local. Split there, each stage is a network that runs in tiles, given the
statistics of the tensors that earlier stages computed. `inference/run_stages.py` runs the stages
over a photo; `common.stages.Stage` describes one.
"""

import dataclasses
from typing import Any

import numpy as np

from common.backend import keras
from common.stages import Stage, StagePlan
from common.tensor_names import ENHANCED, IMAGE
from models.inspect_network import WHOLE_IMAGE_LAYERS, kernel_radius, source_layers
from models.layers.instance_normalization import InstanceNormalization

ops = keras.ops


@dataclasses.dataclass(frozen=True)
class StagedNetwork:
    """A network in stages.

    Attributes:
        plan: the description of the stages, which a manifest holds.
        networks: functional models by signature; they share the layers of the whole network.
    """

    plan: StagePlan
    networks: dict[str, keras.Model]


def split_stages(model: keras.Model) -> StagedNetwork:
    """Split a functional network from RGB images to RGB images into stages.

    The stages share the layers of `model`; `model` stays as it is.

    Raises:
        WeightsError: the receptive radius of a layer is not known, see `receptive_radius`.
    """
    graph = _Graph(model)
    last = max(graph.level.values())
    stages, networks = [], {}
    for level in range(last + 1):
        own = [layer for layer in graph.layers if graph.level[layer] == level]
        # Every stage has the image, so the image is never an output.
        outputs = [
            layer
            for layer in own
            if graph.is_needed_after(layer, level) and layer is not graph.image
        ]
        measured = [layer for layer in own if graph.is_measured(layer)]
        inputs = [
            source
            for source in graph.layers
            if graph.level[source] < level or source is graph.image
            if any(source in source_layers(layer) for layer in own)
        ]
        statistics = [name for layer in own for name in graph.statistics(layer)]
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
                signature=signature,
                inputs=graph.names(inputs),
                statistics=tuple(dict.fromkeys(statistics)),
                outputs=graph.names(outputs),
                measured=graph.names(measured),
                shifted=graph.names(
                    layer
                    for layer in measured
                    if layer is not graph.image and graph.may_be_shifted(layer)
                ),
                halo=halo,
                measure_signature=measure_signature,
                measure_halo=measure_halo,
                channels={graph.name(layer): int(layer.output.shape[-1]) for layer in outputs},
            )
        )
    networks["tiles"], _ = graph.network([graph.image], [graph.last])
    return StagedNetwork(StagePlan(tuple(stages), "tiles"), networks)


class _Graph:
    """The layers of a network, each used once, and the level of each layer.

    The level counts the layers on the way to a layer, itself included, that need statistics of the
    whole image. Layers of the same level form a stage.
    """

    def __init__(self, model: keras.Model):
        self.layers = list(model.layers)  # in the order of computation
        self.image = next(x for x in self.layers if isinstance(x, keras.layers.InputLayer))
        self.last = model.outputs[0]._keras_history.operation
        self.level = {}
        for layer in self.layers:
            before = max((self.level[source] for source in source_layers(layer)), default=0)
            self.level[layer] = before + isinstance(layer, WHOLE_IMAGE_LAYERS)
        self._consumers = {layer: [] for layer in self.layers}
        for layer in self.layers:
            for source in source_layers(layer):
                self._consumers[source].append(layer)

    def name(self, layer) -> str:
        """Return the name of a layer's output."""
        return {self.image: IMAGE, self.last: ENHANCED}.get(layer) or str(layer.name)

    def names(self, layers) -> tuple[str, ...]:
        """Return the names of the layers' outputs."""
        return tuple(map(self.name, layers))

    def is_needed_after(self, layer, level: int) -> bool:
        """Tell whether a layer's output is needed after the stage `level`, or is the result."""
        later = any(self.level[consumer] > level for consumer in self._consumers[layer])
        return later or layer is self.last

    def statistics(self, layer) -> list[str]:
        """Return the names of the statistics that a layer takes."""
        if not isinstance(layer, WHOLE_IMAGE_LAYERS):
            return []
        return [f"{self.name(source_layers(layer)[0])}_{kind}" for kind in layer.statistics]

    def is_measured(self, layer) -> bool:
        """Tell whether a later layer needs the statistics of a layer's output."""
        return any(isinstance(consumer, WHOLE_IMAGE_LAYERS) for consumer in self._consumers[layer])

    def may_be_shifted(self, layer) -> bool:
        """Tell whether a constant may be subtracted from a layer's output before storing.

        The constant changes nothing if only instance normalizations read the output, because they
        subtract the mean.
        """
        return all(isinstance(x, InstanceNormalization) for x in self._consumers[layer])

    def network(self, inputs, outputs, stored: bool = False) -> tuple[keras.Model, int]:
        """Build the network from the outputs of the layers `inputs` to those of `outputs`.

        Statistics that the layers between need become inputs too.

        Args:
            inputs: layers whose outputs the network takes.
            outputs: layers whose outputs the network returns.
            stored: whether the tensors at both ends are stored, as float16.

        Returns:
            The network, and its receptive radius.
        """
        arguments, values, radius = {}, {}, {}
        for layer in inputs:
            half = stored and layer is not self.image
            tensor = keras.Input(
                (None, None, layer.output.shape[-1]),
                name=self.name(layer),
                dtype="float16" if half else "float32",
            )
            arguments[self.name(layer)] = tensor
            values[layer] = ops.cast(tensor, "float32") if half else tensor
            radius[layer] = np.zeros(2, int)
        for layer in self._between(inputs, outputs):
            sources = source_layers(layer)
            given = {}
            for name in self.statistics(layer):
                if name not in arguments:
                    arguments[name] = keras.Input((1, 1, sources[0].output.shape[-1]), name=name)
                given[name.rpartition("_")[2]] = arguments[name]
            tensors = [values[source] for source in sources]
            values[layer] = layer(tensors[0] if len(tensors) == 1 else tensors, **given)
            radius[layer] = np.max([radius[s] for s in sources], axis=0) + kernel_radius(layer)
        results = {}
        for layer in outputs:
            half = stored and layer is not self.last
            value: Any = values[layer]
            if half and self.may_be_shifted(layer):
                name = f"{self.name(layer)}_shift"
                arguments[name] = keras.Input((1, 1, value.shape[-1]), name=name)
                value = value - arguments[name]
            results[self.name(layer)] = ops.cast(value, "float16") if half else value
            if half and self.is_measured(layer):
                results[f"{self.name(layer)}_float32"] = value
        farthest = int(np.max([radius[layer] for layer in outputs]))
        return keras.Model(arguments, results), farthest

    def _between(self, inputs, outputs) -> list:
        """Return the layers that the way from `inputs` to `outputs` needs, in order."""
        wanted, queue = set(), list(outputs)
        while queue:
            layer = queue.pop()
            if layer not in wanted and layer not in inputs:
                wanted.add(layer)
                queue += source_layers(layer)
        return [layer for layer in self.layers if layer in wanted]
