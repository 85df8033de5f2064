"""Everything that is written about a model file: its manifest, and the description inside it."""

import hashlib
from pathlib import Path
from typing import Any

import keras

from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from export import flatbuffer
from export.precisions import PROPERTIES, Precision
from export.tflite_metadata import embed_metadata
from models.inspect_network import (
    manifest_norm,
    multiply_adds,
    pixel_multiple,
    receptive_radius,
    working_bytes,
)
from models.thumbnail_input import thumbnail_size

TENSOR_KINDS: dict[str, dict[str, Any]] = {
    "float32": {"dtype": "float32", "range": [0, 1]},
    "uint8": {
        "dtype": "uint8",
        "range": [0, 1],
        # value = scale · (integer − zero point)
        "quantization": {"scale": 1 / 255, "zero_point": 0},
    },
}
PIXEL_WORDS = {"uint8": "uint8, 0 to 255", "float32": "float32 in [0, 1]"}


def network_facts(
    model: keras.Model,
    source: Path,
    run: dict | None,
    phone: str | None,
    label: str,
    author: str | None,
    license_name: str | None,
) -> dict[str, Any]:
    """Return the manifest's entries about the network itself, which all of its files share."""
    return {
        "halo": receptive_radius(model),
        "multiple": pixel_multiple(model),
        "norm": manifest_norm(model),
        "thumbnail": thumbnail_size(model),
        "bytes_per_pixel": working_bytes(model),
        "multiply_adds": multiply_adds(model),
        "phone": phone,
        "label": label,
        "author": author,
        "license": license_name,
        "source": {
            "model": source.name,
            "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
            "run": run,
        },
    }


def tensor_entries(facts: dict, precision: Precision, tile: int | None) -> dict[str, dict]:
    """Return the manifest's entries "input", "output" and, for a thumbnail, "thumbnail_input".

    Args:
        facts: the network's, by `network_facts`.
        precision: of the file.
        tile: side of the file's image input, pixels, or None for any size.
    """
    kind = TENSOR_KINDS[PROPERTIES[precision].pixel_dtype]

    def tensor(name: str, side: int | None) -> dict:
        shape = [1, side, side, 3]
        return {"name": name, "shape": shape, "layout": "NHWC", "color": "RGB", **kind}

    tensors = {"input": tensor(IMAGE, tile), "output": {**tensor(ENHANCED, tile), "clip": True}}
    if facts["thumbnail"] is not None:
        tensors["thumbnail_input"] = tensor(THUMBNAIL, facts["thumbnail"])
    return tensors


def describe_file(
    content: bytes, facts: dict, name: str, precision: Precision, tile: int | None
) -> bytes:
    """Return a model file with readable names of tensors and with a description inside.

    Args:
        content: the `.tflite` file.
        facts: the network's, by `network_facts`.
        name: of the file, without suffix.
        precision: of the file.
        tile: side of the file's image input, pixels, or None for any size.
    """
    model = flatbuffer.read(content)
    flatbuffer.rename_ends(model)
    dtype = PROPERTIES[precision].pixel_dtype
    values = PIXEL_WORDS[dtype]
    embed_metadata(
        model,
        {"name": name, **_description(facts, precision, tile)},
        {
            IMAGE: f"The photo or a tile of it, RGB, {values}",
            THUMBNAIL: f"The whole photo's means over the cells of a grid, RGB, {values}",
            ENHANCED: f"RGB, {values}{'; clip' if dtype == 'float32' else ''}",
        },
    )
    return flatbuffer.write(model)


def _description(facts: dict, precision: Precision, tile: int | None) -> dict[str, str]:
    source = facts["source"]
    sentences = [
        f"Makes photos of a phone ({facts['phone'] or 'not stated which'}) look like a DSLR's.",
        f"{precision}; " + (f"tiles of {tile}x{tile} pixels." if tile else "images of any size."),
        f"A result depends on {facts['halo']} pixels around it.",
    ]
    if facts["multiple"] > 1:
        sentences.append(f"Sides and places of tiles are multiples of {facts['multiple']}.")
    if facts["norm"] == "instance":
        sentences.append("Takes statistics of the whole photo: signatures as in the manifest.")
    sentences.append(f"Converted from {source['model']}, SHA-256 {source['sha256']}.")
    return {
        "description": " ".join(sentences),
        "version": source["sha256"][:12],
        "author": facts["author"] or "not stated",
        "license": facts["license"] or "not stated",
    }
