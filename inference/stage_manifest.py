"""The stages of a network, as a model file's manifest describes them, and where they store."""

import dataclasses
import functools

from common.stage import Stage

ENHANCED = "enhanced"
HALF = 2  # bytes of a stored value


@dataclasses.dataclass(frozen=True)
class Stages:
    """All stages of a network.

    Attributes:
        stages: in order; the last one gives `enhanced`.
        tiles: signature of the network from the image and all statistics to `enhanced`.
    """

    stages: tuple[Stage, ...]
    tiles: str

    @classmethod
    def from_json(cls, fields: dict) -> "Stages":
        """The stages of a manifest; KeyError or TypeError where it has none."""
        return cls(tuple(map(Stage.from_json, fields["stages"])), str(fields["tiles"]))

    @functools.cached_property
    def slots(self) -> tuple[dict[str, int], list[int]]:
        """Where each stored tensor lies: its slot, and the channels of each slot.

        A tensor may take the slot of one that its own stage is the last to read.
        """
        slot_of, sizes, tensor_in = {}, [], {}
        for number, stage in enumerate(self.stages):
            later = {name for other in self.stages[number + 1 :] for name in other.inputs}
            free = [slot for slot, name in tensor_in.items() if name not in later]
            for name in sorted(self._stored(stage), key=lambda name: -stage.channels[name]):
                if free:
                    slot = max(free, key=lambda slot: sizes[slot])
                    free.remove(slot)
                else:
                    slot = len(sizes)
                    sizes.append(0)
                sizes[slot] = max(sizes[slot], stage.channels[name])
                slot_of[name], tensor_in[slot] = slot, name
        return slot_of, sizes

    @property
    def stored_bytes(self) -> int:
        """Of all slots together, for each pixel."""
        return HALF * sum(self.slots[1])

    def tile_bytes(self, stage: Stage) -> int:
        """About what a tile takes for each pixel while a stage is computed.

        Inputs and outputs in float16, twice (NumPy's and the runtime's), measured outputs in
        float32, likewise, and what the runtime computes between them.
        """
        channels = {name: size for s in self.stages for name, size in s.channels.items()}
        inputs = sum(channels.get(name, 3) for name in stage.inputs)
        outputs = sum(stage.channels.values())
        measured = sum(stage.channels.get(name, 0) for name in stage.measured)
        return 4 * (inputs + outputs) + 8 * measured + 12 * max(inputs, outputs, 3)

    @staticmethod
    def _stored(stage: Stage) -> list[str]:
        return [name for name in stage.outputs if name != ENHANCED]
