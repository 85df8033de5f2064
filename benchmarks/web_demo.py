"""Measure the time and memory of the web demo in a browser.

    make web-build
    python -m benchmarks.web_demo photo.jpg

The benchmark serves the built site, opens the page in Chromium, and enhances the photo with each
network. Each line has:

- the seconds that the page shows: all tiles, without decoding the photo and writing the JPEG;
- megapixels a second;
- the peak memory of the page's process (with its worker), and its growth since before the first
  photo;
- the growth of the memory of the process that draws.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import shutil
import threading
import time

import psutil
from playwright.sync_api import sync_playwright

from common import command_line
from common.command_line import option
from web.demo_server import DemoServerConfig, DemoServerError, make_server

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INTERVAL = 0.1  # seconds between measurements of the memory
SECOND = 1000  # ms


@dataclasses.dataclass(frozen=True)
class WebConfig:
    """What to measure."""

    photo: str = option(positional=True, help="JPEG, PNG or WebP")
    repeats: int = option(3, "runs with the photo; the fastest counts")
    processor: str = option("wasm", "processor that computes", choices=("wasm", "webgpu", "auto"))


class Memory:
    """The peak memory of a browser's processes of one kind, while the context is active."""

    def __init__(self, kind: str):
        self.kind = kind

    def now(self) -> float:
        """Return the resident memory of all these processes, MB."""
        total = 0
        for process in psutil.Process().children(recursive=True):
            try:
                if f"--type={self.kind}" in process.cmdline():
                    total += process.memory_info().rss
            except psutil.Error:
                continue
        return total / 1e6

    def __enter__(self):
        self.start = self.peak = self.now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _watch(self):
        while not self._ended.wait(INTERVAL):
            self.peak = max(self.peak, self.now())


def main(config: WebConfig) -> None:
    """Print one line for each network."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise DemoServerError(f"none of {', '.join(BROWSERS)} is installed")
    listening = make_server(DemoServerConfig(port=0))
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = chromium.new_page()
        begin = time.perf_counter()
        page.goto(f"http://localhost:{listening.server_address[1]}/")
        page.wait_for_selector("html[data-state=ready]", timeout=60 * SECOND)
        print(f"ready after {time.perf_counter() - begin:.1f} s (first visit)")
        page.select_option("#processor", config.processor)
        for option_ in page.locator("#model option").all():
            page.select_option("#model", option_.get_attribute("value"))
            page.locator("#status", has_text="Ready").wait_for(timeout=60 * SECOND)
            page.wait_for_timeout(SECOND)
            lines = []
            with Memory("renderer") as renderer, Memory("gpu-process") as drawing:
                for _ in range(config.repeats):
                    page.set_input_files("#file", config.photo)
                    page.locator("#status", has_text="Enhancing").wait_for(timeout=60 * SECOND)
                    page.locator("#status", has_text="megapixels").wait_for(timeout=600 * SECOND)
                    lines.append(page.inner_text("#status"))
            fastest = min(lines, key=lambda line: float(line.split(" in ")[1].split(" s")[0]))
            print(
                f"{fastest}  page +{renderer.peak - renderer.start:.0f} MB "
                f"(of {renderer.peak:.0f}), drawing +{drawing.peak - drawing.start:.0f} MB",
                flush=True,
            )
        chromium.close()
    listening.shutdown()


if __name__ == "__main__":
    command_line.run(main, WebConfig, __doc__, [DemoServerError])
