"""What is written about a model file: into it, and into its manifest."""

from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from export import embedded_metadata, graph

KINDS = {"float32": {"dtype": "float32", "range": [0, 1]}}
KINDS["uint8"] = {
    "dtype": "uint8",
    "range": [0, 1],
    "quantization": {"scale": 1 / 255, "zero_point": 0},  # value = scale · (integer − zero point)
}


def described(content: bytes, about: dict, name: str, precision: str, tile: int | None):
    """A model file with readable names and metadata, and its tensors' entries in the manifest.

    Args:
        content: the `.tflite` file.
        about: the manifest's entries of the network itself.
        name: of the file, without suffix.
        precision: the file's.
        tile: side of its image input, pixels, or None for any size.

    Returns:
        The file, and `tensors_of` it.
    """
    model = graph.read(content)
    graph.name_tensors(model)
    kind = "uint8" if precision == "int8" else "float32"
    values = {"uint8": "uint8, 0 to 255", "float32": "float32 in [0, 1]"}[kind]
    embedded_metadata.attach(
        model,
        {"name": name, **texts_of(about, precision, tile)},
        {
            IMAGE: f"The photo or a tile of it, RGB, {values}",
            THUMBNAIL: f"The whole photo's means over the cells of a grid, RGB, {values}",
            ENHANCED: f"RGB, {values}{'; clip' if kind == 'float32' else ''}",
        },
    )
    return graph.written(model), tensors_of(about, KINDS[kind], tile)


def tensors_of(about: dict, kind: dict, tile: int | None) -> dict[str, dict]:
    """The manifest's entries "input" and "output", and "thumbnail_input" where there is one."""

    def tensor(name, side):
        shape = [1, side, side, 3]
        return {"name": name, "shape": shape, "layout": "NHWC", "color": "RGB", **kind}

    tensors = {"input": tensor(IMAGE, tile), "output": {**tensor(ENHANCED, tile), "clip": True}}
    if about["thumbnail"] is not None:
        tensors["thumbnail_input"] = tensor(THUMBNAIL, about["thumbnail"])
    return tensors


def texts_of(about: dict, precision: str, tile: int | None) -> dict[str, str]:
    """What the file says of itself, but for its name; arguments as for `described`."""
    source = about["source"]
    sentences = [
        f"Makes photos of a phone ({about['phone'] or 'not stated which'}) look like a DSLR's.",
        f"{precision}; " + (f"tiles of {tile}x{tile} pixels." if tile else "images of any size."),
        f"A result depends on {about['halo']} pixels around it.",
    ]
    if about["multiple"] > 1:
        sentences.append(f"Sides and places of tiles are multiples of {about['multiple']}.")
    if about["norm"] == "instance":
        sentences.append("Takes statistics of the whole photo: signatures as in the manifest.")
    sentences.append(f"Converted from {source['model']}, SHA-256 {source['sha256']}.")
    return {
        "description": " ".join(sentences),
        "version": source["sha256"][:12],
        "author": about["author"] or "not stated",
        "license": about["license"] or "not stated",
    }
