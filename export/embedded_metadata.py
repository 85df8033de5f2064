"""What a model file says of itself, in the form that viewers of `.tflite` files show.

A table `ModelMetadata` of TensorFlow Lite's metadata schema (`metadata_schema.fbs`, version 1.0)
in a buffer named TFLITE_METADATA: Netron, Android Studio and Android's metadata extractor read
it. The package that used to write it has not been maintained for years; a table of six strings
and the tensors' names needs no package.
"""

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

BUFFER, IDENTIFIER = b"TFLITE_METADATA", b"M001"


def attach(model: schema.ModelT, texts: dict[str, str], tensors: dict[str, str]) -> None:
    """Put metadata into a model, in the place of any that it has.

    Args:
        model: as `export.graph.read` returns; changed. Its first subgraph is described.
        texts: "name", "description", "version", "author" and "license".
        tensors: descriptions of that subgraph's inputs and outputs, by their names.
    """
    graph = model.subgraphs[0]
    ends = [[_name(graph, index) for index in group] for group in (graph.inputs, graph.outputs)]
    model.metadata = [entry for entry in model.metadata or [] if entry.name != BUFFER]
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = _packed(texts, *[{name: tensors[name] for name in group} for group in ends])
    entry.name, entry.buffer = BUFFER, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata.append(entry)
    model.description = texts["description"].encode()


def texts_of(content: bytes) -> dict[str, str]:
    """The texts in a `.tflite` file's metadata, {} without any."""
    model = schema.Model.GetRootAs(content, 0)
    for number in range(model.MetadataLength()):
        entry = model.Metadata(number)
        if entry.Name() == BUFFER:
            data = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
            root = flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0)
            table = flatbuffers.table.Table(data, root)
            places = {name: table.Offset(4 + 2 * slot) for name, slot in _SLOTS.items()}
            return {
                name: table.String(place + root).decode() for name, place in places.items() if place
            }
    return {}


# Places of the fields in the schema's tables.
_SLOTS = {"name": 0, "description": 1, "version": 2, "author": 4, "license": 5}
_SUBGRAPHS, _MODEL_FIELDS = 3, 8
_INPUTS, _OUTPUTS, _SUBGRAPH_FIELDS = 2, 3, 7
_TENSOR_FIELDS = 7


def _packed(texts: dict[str, str], inputs: dict[str, str], outputs: dict[str, str]) -> bytes:
    builder = flatbuffers.Builder(1024)
    fields = {slot: builder.CreateString(texts[name]) for name, slot in _SLOTS.items()}
    parts = {
        slot: _vector(builder, [_tensor(builder, *item) for item in tensors.items()])
        for slot, tensors in ((_INPUTS, inputs), (_OUTPUTS, outputs))
    }
    fields[_SUBGRAPHS] = _vector(builder, [_table(builder, _SUBGRAPH_FIELDS, parts)])
    builder.Finish(_table(builder, _MODEL_FIELDS, fields), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _tensor(builder, name: str, description: str) -> int:
    fields = {0: builder.CreateString(name), 1: builder.CreateString(description)}
    return _table(builder, _TENSOR_FIELDS, fields)


def _table(builder, size: int, fields: dict[int, int]) -> int:
    builder.StartObject(size)
    for slot, offset in fields.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return builder.EndObject()


def _vector(builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _name(graph, index: int) -> str:
    name = graph.tensors[index].name
    return name.decode() if isinstance(name, bytes) else name
