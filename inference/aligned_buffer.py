"""A constant of a `.tflite` file, at a place in the file that the format allows."""

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

ALIGNMENT = 16  # bytes; the schema asks for aligned constants, the Python writer does not align


class AlignedBuffer(schema.BufferT):
    """A constant that starts at a multiple of ALIGNMENT in the file."""

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802  the library calls it
        """Write the constant; return its place."""
        if self.data is None or not len(self.data):
            return super().Pack(builder)
        # CreateNumpyVector would align to the size of one element, a byte.
        data = bytes(self.data)
        builder.StartVector(1, len(data), ALIGNMENT)
        builder.head -= len(data)
        builder.Bytes[builder.Head() : builder.Head() + len(data)] = data
        vector = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)
