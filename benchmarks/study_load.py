"""How many participants of a user study the server bears at once.

    python -m study simulate --out simulated
    python -m benchmarks.study_load simulated --participants 200 --think 3
    python -m benchmarks.study_load simulated --participants 200 --think 0

starts `python -m study serve` with a database of its own and lets participants answer, each after
a time to think that is exponential with the given mean; 0 for as fast as answers come. Every answer
is on the disk before it is acknowledged. It prints votes a second, and how long a vote and a photo
take in the middle, in 95 and in 99 of 100 cases. The participants are threads of this process and
take their share of the same cores.
"""

import dataclasses
import http.client
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from common import command_line
from common.command_line import option
from study.design import DATABASE, FILE, PHOTOS, SECRET
from study.study_error import StudyError


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """What to measure."""

    study: str = option(help="folder of a study", positional=True)
    participants: int = option(200, "at once")
    votes: int = option(20, "of each participant")
    think: float = option(3.0, "seconds before an answer, in the mean")
    photos: bool = option(True, "fetch each photo once, as browsers do")
    database: str | None = option(None, "SQLAlchemy URL; none: SQLite")
    seed: int = option(0, "of answers and of times to think")


class Participant(threading.Thread):
    """Opens the page, joins and votes; notes how long it waited."""

    def __init__(self, port, config, number):
        super().__init__()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._config, self._random = config, random.Random(f"{config.seed} {number}")
        self._cookie, self._seen = "", set()
        self.votes, self.photos, self.times, self.failure = [], [], [], None

    def run(self):
        try:
            self._visit()
        except (OSError, http.client.HTTPException, StudyError) as error:
            self.failure = error

    def _visit(self):
        self._ask("GET", "/")
        for name in ("page.css", "zoom.js", "page.js"):
            self._ask("GET", f"/static/{name}")
        self._pause()
        state = self._ask("POST", "/api/join", {})
        for _ in range(self._config.votes):
            if not state["coming"]:
                break
            self._fetch(state["coming"])
            self._pause()
            started = time.perf_counter()
            side = self._random.choice(("left", "right"))
            state = self._ask("POST", "/api/vote", {"step": state["step"], "side": side})
            self.votes.append(time.perf_counter() - started)
            self.times.append(time.perf_counter())
        self._connection.close()

    def _fetch(self, coming):
        sources = {side["src"] for pair in coming for side in pair} - self._seen
        self._seen |= sources
        for source in sources if self._config.photos else ():
            started = time.perf_counter()
            self._ask("GET", f"/{source}")
            self.photos.append(time.perf_counter() - started)

    def _pause(self):
        if self._config.think:
            time.sleep(self._random.expovariate(1 / self._config.think))

    def _ask(self, method, path, body=None):
        headers = {"Cookie": self._cookie, "Content-Type": "application/json"}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise StudyError(f"{method} {path}: {response.status}")
        if cookie := response.getheader("set-cookie"):
            self._cookie = cookie.split(";")[0]
        return json.loads(content) if path.startswith("/api") else content


def main(config: BenchmarkConfig) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "study"
        (folder / PHOTOS).mkdir(parents=True)
        for name in (FILE, SECRET):
            shutil.copy(Path(config.study) / name, folder)
        for photo in (Path(config.study) / PHOTOS).iterdir():
            shutil.copy(photo, folder / PHOTOS)
        words = [sys.executable, "-m", "study", "serve", str(folder), "--port", "0"]
        words += ["--database", config.database] if config.database else []
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
            try:
                port = int(server.stdout.readline().rstrip("/\n").rsplit(":", 1)[1])
                people = [Participant(port, config, i) for i in range(config.participants)]
                for person in people:
                    person.start()
                for person in people:
                    person.join()
            finally:
                server.terminate()
        for failure in filter(None, (person.failure for person in people)):
            raise StudyError(f"a participant failed: {failure}")
        size = sum(f.stat().st_size for f in folder.glob(f"{DATABASE}*"))
    votes, photos, times = (
        np.array([value for person in people for value in getattr(person, name)])
        for name in ("votes", "photos", "times")
    )
    span = times.max() - times.min()
    print(f"{len(votes)} votes of {len(people)} participants in {span:.1f} s", end="")
    print(f": {len(votes) / span:.0f} votes/s; database {size / 1e6:.1f} MB")
    for name, seconds in (("vote", votes), ("photo", photos)):
        if len(seconds):
            middle, most, nearly = 1000 * np.quantile(seconds, (0.5, 0.95, 0.99))
            print(f"  {name}: median {middle:.0f} ms, 95 %: {most:.0f} ms, 99 %: {nearly:.0f} ms")


if __name__ == "__main__":
    command_line.run(
        main, BenchmarkConfig, __doc__, errors=[StudyError], prog="python -m benchmarks.study_load"
    )
