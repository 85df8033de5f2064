"""The description inside a `.tflite` file, in the form that viewers of such files show.

The description is a table `ModelMetadata` of TensorFlow Lite's metadata schema
(`metadata_schema.fbs`, version 1.0) in a buffer named TFLITE_METADATA. Netron, Android Studio and
Android's metadata extractor read it. The package that used to write the table has not been
maintained for years, and a table of six strings and the tensors' names needs no package.
"""

from typing import cast

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import encode, packer, table

from export.flatbuffer import Metadata, Model, add_buffer

BUFFER, IDENTIFIER = b"TFLITE_METADATA", b"M001"


def embed_metadata(model: Model, texts: dict[str, str], tensors: dict[str, str]) -> None:
    """Put a description into a model, in place of any description that the model has.

    Args:
        model: as `export.flatbuffer.read` returns; changed. The description is of its first
            subgraph.
        texts: "name", "description", "version", "author" and "license".
        tensors: descriptions of the subgraph's inputs and outputs, by the tensors' names.
    """
    graph = model.subgraphs[0]
    ends = [
        {graph.tensors[index].name: tensors[graph.tensors[index].name] for index in indices}
        for indices in (graph.inputs, graph.outputs)
    ]
    entry = cast(Metadata, schema.MetadataT())
    entry.name, entry.buffer = BUFFER, add_buffer(model, _pack(texts, *ends))
    model.metadata = [known for known in model.metadata or [] if known.name != BUFFER]
    model.metadata.append(entry)
    model.description = texts["description"].encode()


def read_metadata(content: bytes) -> dict[str, str]:
    """Return the texts of the description in a `.tflite` file; {} if there is none."""
    model = schema.Model.GetRootAs(content, 0)
    for number in range(model.MetadataLength()):
        entry = model.Metadata(number)
        if entry is not None and entry.Name() == BUFFER:
            buffer = model.Buffers(entry.Buffer())
            if buffer is None:
                return {}
            data = bytes(buffer.Data(place) for place in range(buffer.DataLength()))
            root = encode.Get(packer.uoffset, data, 0)
            root_table = table.Table(data, root)
            places = {name: root_table.Offset(4 + 2 * slot) for name, slot in _SLOTS.items()}
            return {
                name: root_table.String(place + root).decode()
                for name, place in places.items()
                if place
            }
    return {}


# Places of the fields in the schema's tables.
_SLOTS = {"name": 0, "description": 1, "version": 2, "author": 4, "license": 5}
_SUBGRAPHS, _MODEL_FIELDS = 3, 8
_INPUTS, _OUTPUTS, _SUBGRAPH_FIELDS = 2, 3, 7
_TENSOR_FIELDS = 7


def _pack(texts: dict[str, str], inputs: dict[str, str], outputs: dict[str, str]) -> bytes:
    builder = flatbuffers.Builder(1024)
    fields = {slot: builder.CreateString(texts[name]) for name, slot in _SLOTS.items()}
    parts = {
        slot: _vector(builder, [_tensor(builder, *item) for item in tensors.items()])
        for slot, tensors in ((_INPUTS, inputs), (_OUTPUTS, outputs))
    }
    fields[_SUBGRAPHS] = _vector(builder, [_table(builder, _SUBGRAPH_FIELDS, parts)])
    builder.Finish(_table(builder, _MODEL_FIELDS, fields), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _tensor(builder: flatbuffers.Builder, name: str, description: str) -> int:
    fields = {0: builder.CreateString(name), 1: builder.CreateString(description)}
    return _table(builder, _TENSOR_FIELDS, fields)


def _table(builder: flatbuffers.Builder, size: int, fields: dict[int, int]) -> int:
    builder.StartObject(size)
    for slot, offset in fields.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return builder.EndObject()


def _vector(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()
