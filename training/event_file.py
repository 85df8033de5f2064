"""The records that TensorBoard shows, written by the thread that trains.

tensorboardX's own SummaryWriter writes in a thread. On a full disk that thread dies with a
traceback, and the training waits for it.
"""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX import summary
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto import event_pb2

from common.atomic_files import naming

messages: Any = event_pb2  # generated code, which states no types


class EventFile:
    """A new file of events in a folder.

    Args:
        folder: The folder, which is made if it is missing.
        first: The first step to come. TensorBoard drops earlier records of this step and later.

    Raises:
        OSError: A file cannot be written; the error names the folder.
    """

    def __init__(self, folder: Path, first: int):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        with naming(folder):
            self._writer = EventsWriter(str(folder / "events"), f".{os.getpid()}")
        self._write(first, session_log=messages.SessionLog(status=messages.SessionLog.START))

    def scalar(self, name: str, value: float, step: int) -> None:
        """Record a number."""
        self._write(step, summary=summary.scalar(name, value))

    def image(self, name: str, pixels: np.ndarray, step: int) -> None:
        """Record a picture, uint8 RGB `(H, W, 3)`."""
        self._write(step, summary=summary.image(name, pixels, dataformats="HWC"))

    def flush(self) -> None:
        """Write what is pending."""
        with naming(self._folder):
            self._writer.flush()

    def close(self) -> None:
        """Write what is pending, and close the file."""
        with naming(self._folder):
            self._writer.close()

    def _write(self, step: int, **what) -> None:
        with naming(self._folder):
            self._writer.write_event(messages.Event(wall_time=time.time(), step=step, **what))
