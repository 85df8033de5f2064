"""The memory that stages take: where tensors are stored between stages, and what a tile takes."""

from typing import NamedTuple

from common.stages import Stage, StagePlan
from common.tensor_names import ENHANCED

HALF = 2  # bytes of a stored value


class Slots(NamedTuple):
    """The arrays that hold the tensors between stages.

    Attributes:
        slot_of: The number of the slot of each stored tensor.
        channels: The number of channels of each slot.
    """

    slot_of: dict[str, int]
    channels: list[int]


def assign_slots(plan: StagePlan) -> Slots:
    """Give each stored tensor a slot.

    A tensor may take the slot of a tensor that its own stage is the last one to read.
    """
    slot_of, channels, tensor_in = {}, [], {}
    for number, stage in enumerate(plan.stages):
        later = {name for other in plan.stages[number + 1 :] for name in other.inputs}
        free = [slot for slot, name in tensor_in.items() if name not in later]
        stored = [name for name in stage.outputs if name != ENHANCED]
        for name in sorted(stored, key=lambda name: -stage.channels[name]):
            if free:
                slot = max(free, key=lambda slot: channels[slot])
                free.remove(slot)
            else:
                slot = len(channels)
                channels.append(0)
            channels[slot] = max(channels[slot], stage.channels[name])
            slot_of[name], tensor_in[slot] = slot, name
    return Slots(slot_of, channels)


def stored_bytes(plan: StagePlan) -> int:
    """Return the bytes that all slots together take for each pixel of the photo."""
    return HALF * sum(assign_slots(plan).channels)


def tile_bytes(plan: StagePlan, stage: Stage) -> int:
    """Return the bytes that a tile takes for each pixel while a stage is computed, about.

    They are inputs and outputs in float16 and measured outputs in float32, each twice (NumPy's copy
    and the runtime's), and the tensors that the runtime computes between inputs and outputs.
    """
    channels = {name: size for s in plan.stages for name, size in s.channels.items()}
    inputs = sum(channels.get(name, 3) for name in stage.inputs)
    outputs = sum(stage.channels.values())
    measured = sum(stage.channels.get(name, 0) for name in stage.measured)
    return 4 * (inputs + outputs) + 8 * measured + 12 * max(inputs, outputs, 3)


def largest_tile_bytes(plan: StagePlan) -> int:
    """Return the bytes that a tile takes for each pixel in the stage that takes most."""
    return max(tile_bytes(plan, stage) for stage in plan.stages)
