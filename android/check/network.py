"""Run a shipped network for the app's tests, because LiteRT for a JVM is not available.

    python android/check/network.py MODEL.tflite FOLDER

The program writes `photo.png` and Python's result `enhanced.png` to FOLDER. Then it reads tiles
(and their thumbnails) from standard input, and writes the network's results to standard output, as
raw tensors.
"""

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine


def main(model: str, folder: str) -> None:
    """Write the pictures, then run the network until the input ends."""
    photo = np.asarray(Image.open("web/static/sample.jpg"))  # 1024×768, in the public domain
    Image.fromarray(photo).save(Path(folder, "photo.png"))
    enhanced = enhance_image(LiteRTEngine(model, threads=1), photo)
    Image.fromarray(enhanced).save(Path(folder, "enhanced.png"))
    runner = Interpreter(model, num_threads=1).get_signature_runner()
    details = runner.get_input_details()
    inputs = {name: details[name] for name in ("image", "thumbnail") if name in details}
    output = sys.stdout.buffer
    output.write(b"ready\n")
    output.flush()
    while True:
        tensors = {}
        for name, detail in inputs.items():
            size = int(np.prod(detail["shape"])) * np.dtype(detail["dtype"]).itemsize
            content = sys.stdin.buffer.read(size)
            if len(content) < size:
                return
            tensors[name] = np.frombuffer(content, detail["dtype"]).reshape(detail["shape"])
        output.write(runner(**tensors)["enhanced"].tobytes())
        output.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
