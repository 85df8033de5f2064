"""Load test of the server of a user study with many participants at once.

    python -m study simulate --out simulated
    python -m benchmarks.study_load simulated --participants 200 --think 3
    python -m benchmarks.study_load simulated --participants 200 --think 0

The benchmark starts `python -m study serve` with a new database and lets participants answer. Each
participant thinks for an exponentially distributed time with the mean `--think`, in seconds; with 0
they answer at once. The server acknowledges an answer only after it has written the answer to the
disk. The benchmark prints the votes per second, and the median and the 95 % and 99 % quantiles of
the times for votes and photos. The participants are threads of this process and use the same cores.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

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
from typing import Any

import numpy as np

from common import command_line
from common.command_line import option
from study.design import DATABASE, FILE, PHOTOS, SECRET, StudyError


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """Options of the benchmark."""

    study: str = option(help="folder of a study", positional=True)
    participants: int = option(200, "number of participants at once")
    votes: int = option(20, "number of votes of each participant")
    think: float = option(3.0, "mean time before an answer, seconds")
    photos: bool = option(True, "fetch each photo once, as browsers do")
    database: str | None = option(None, "SQLAlchemy URL of the database; without it: SQLite")
    seed: int = option(0, "seed of answers and thinking times")


class Participant(threading.Thread):
    """A participant who opens the page, joins and votes, and records the times."""

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

    def _ask(self, method: str, path: str, body: dict | None = None) -> Any:
        headers = {"Cookie": self._cookie, "Content-Type": "application/json"}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise StudyError(f"{method} {path}: the server answered with status {response.status}")
        if cookie := response.getheader("set-cookie"):
            self._cookie = cookie.split(";")[0]
        return json.loads(content) if path.startswith("/api") else content


def main(config: BenchmarkConfig) -> None:
    """Measure the times and print them."""
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
                assert server.stdout is not None  # it is a pipe
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
            median, most, nearly_all = 1000 * np.quantile(seconds, (0.5, 0.95, 0.99))
            print(
                f"  {name}: median {median:.0f} ms, 95 %: {most:.0f} ms, 99 %: {nearly_all:.0f} ms"
            )


if __name__ == "__main__":
    command_line.run(
        main, BenchmarkConfig, __doc__, errors=[StudyError], prog="python -m benchmarks.study_load"
    )
