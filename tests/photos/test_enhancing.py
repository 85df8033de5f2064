"""One photo through a network, by hand-worked pixels; batches; their record, memory and pace."""

import threading
from pathlib import Path

import numpy as np
import pytest
from fake_engines import FakeEngine
from fake_photos import DISPLAY_P3, noise, profile_of
from fake_steps import FakeSteps

from photos import Photo, PhotoError
from photos.batches.before_after import compare_path, is_comparison, reduced
from photos.batches.enhance_photo import enhance_photo
from photos.batches.find_jobs import find_jobs
from photos.batches.memory_cost import Cost
from photos.batches.pipeline import run_batch
from photos.batches.record import NAME, Record

same, inverted = FakeEngine(lambda x: x), FakeEngine(lambda x: 1 - x)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_all_kinds_of_pixels(channels, dtype):
    photo, before = Photo(noise(channels, dtype)), noise(channels, dtype)
    enhance_photo(inverted, photo)
    np.testing.assert_array_equal(photo.colors, np.iinfo(dtype).max - Photo(before).colors)
    if photo.has_alpha:
        np.testing.assert_array_equal(photo.pixels[..., -1], before[..., -1])


def test_gray_is_the_luma_of_a_colour_result():
    photo = Photo(np.full((2, 2, 1), 51, np.uint8))
    enhance_photo(FakeEngine(lambda x: x + np.array([0.2, 0.0, 0.4])), photo)
    assert np.all(photo.pixels == round(51 + 255 * (0.299 * 0.2 + 0.114 * 0.4)))


def test_strength_goes_from_the_photo_to_the_result():
    for strength, expected in ((0, 100), (0.25, 114), (1, 155)):
        photo = Photo(np.full((2, 2, 3), 100, np.uint8))
        enhance_photo(inverted, photo, strength)
        assert np.all(photo.pixels == expected)
    photo = Photo(noise(3), profile_of(2.2, DISPLAY_P3))
    enhance_photo(inverted, photo, 0)
    np.testing.assert_array_equal(photo.pixels, noise(3))


def test_colours_beyond_srgb_survive():
    pixels = np.array([[[0, 255, 0], [255, 0, 0], [200, 100, 50]]], np.uint8)
    photo = Photo(pixels.copy(), profile_of(2.2, DISPLAY_P3))
    enhance_photo(same, photo)
    np.testing.assert_array_equal(photo.pixels, pixels)


def test_the_network_sees_srgb():
    seen = []
    photo = Photo(np.full((1, 1, 1), 128, np.uint8), profile_of(1.0))
    enhance_photo(FakeEngine(lambda x: seen.append(x.copy()) or x), photo)
    expected = 1.055 * (128 / 255) ** (1 / 2.4) - 0.055
    np.testing.assert_allclose(seen[-1].ravel(), expected, atol=0.003)


def test_reduced_is_a_mean_of_squares():
    pixels = np.zeros((2, 4097, 1), np.uint8)
    pixels[0, :3], pixels[:, -1] = 90, 200
    small = reduced(Photo(pixels))
    assert small.shape == (1, 1366, 1)
    assert (small[0, 0, 0], small[0, 1, 0], small[0, -1, 0]) == (45, 0, 100)


# Sources and targets


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def planned(*arguments, output="out", recursive=False, in_place=False):
    jobs, failures = find_jobs(arguments, Path(output), recursive, in_place)
    return {str(job.source): str(job.target) for job in jobs}, failures


def test_folders_patterns_and_what_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "s/a.jpg", "s/a_compare.jpg", "s/b_compare.jpg", "s/.c.jpg", "s/d/e/f.png")
    touch(tmp_path, "s/out/a.jpg", "s/.hidden/g.jpg", "s/h[1].jpg")
    (tmp_path / "s" / "d" / "loop").symlink_to(tmp_path / "s")
    flat = {"s/a.jpg": "out/a.jpg", "s/b_compare.jpg": "out/b_compare.jpg"}
    flat["s/h[1].jpg"] = "out/h[1].jpg"
    assert planned("s") == (flat, [])
    deep = {"s/d/e/f.png": "s/out/d/e/f.png", "s/h[1].jpg": "s/out/h[1].jpg"}
    deep.update({"s/a.jpg": "s/out/a.jpg", "s/b_compare.jpg": "s/out/b_compare.jpg"})
    assert planned("s", output="s/out", recursive=True) == (deep, [])
    assert planned("s/**/*.png") == ({"s/d/e/f.png": "out/d/e/f.png"}, [])
    assert planned("s/h[1].jpg", "s/h*") == ({"s/h[1].jpg": "out/h[1].jpg"}, [])
    assert planned("s/a_compare.jpg")[0] == {"s/a_compare.jpg": "out/a_compare.jpg"}
    jobs, failures = planned("s/*.bmp", "s/d")
    assert not jobs and "matches no photos" in failures[0] and "--recursive" in failures[1]


def test_a_source_is_replaced_only_in_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "a.jpg")
    touch(tmp_path, "out/keep")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "out" / "a.jpg").symlink_to("../a.jpg")
    jobs, failures = planned("a.jpg")
    assert not jobs and "out/a.jpg is the source" in failures[0]
    # A link to a photo is the photo: once, and at its own place.
    assert planned("link.jpg", "a.jpg", in_place=True)[0] == {"link.jpg": str(tmp_path / "a.jpg")}


def test_heic_becomes_jpeg_without_an_encoder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("photos.batches.find_jobs.heif_is_writable", lambda: False)
    touch(tmp_path, "a.HEIC")
    assert planned("a.HEIC") == ({"a.HEIC": "out/a.jpg"}, [])
    assert planned("a.HEIC", in_place=True)[0] == {}


# The record


def test_done_is_what_is_there_from_the_same_photo_with_the_same_settings(tmp_path):
    source, target = tmp_path / "s.jpg", tmp_path / "t.jpg"
    source.write_bytes(b"photo")
    target.write_bytes(b"result")
    assert not Record(tmp_path, "model").has(source, target)
    Record(tmp_path, "model").add(source, target)
    with (tmp_path / NAME).open("a") as file:
        file.write('{"result": "t.jpg"\n[1]\n\n{}\n')
    assert Record(tmp_path, "model").has(source, target)
    assert not Record(tmp_path, "other").has(source, target)
    source.write_bytes(b"photo, edited")
    assert not Record(tmp_path, "model").has(source, target)
    Record(tmp_path, "model").add(source, target)
    target.unlink()
    assert not Record(tmp_path, "model").has(source, target)


def test_comparisons_are_known_by_their_neighbours(tmp_path):
    touch(tmp_path, "a.png", "b_compare.jpg")
    touch(tmp_path, compare_path(tmp_path / "a.png").name)
    assert is_comparison(tmp_path / "a_compare.jpg") and not is_comparison(
        tmp_path / "b_compare.jpg"
    )


# The pipeline


class Memory:
    """Steps that count what they hold."""

    def __init__(self, cost, fails=()):
        self.cost, self.fails, self.now, self.most, self.rooms = cost, fails, 0, 0, []
        self.lock, self.together, self.active = threading.Lock(), 0, 0

    def take(self, size):
        with self.lock:
            self.now += size
            self.most = max(self.most, self.now)

    def enter(self, step):
        with self.lock:
            self.active += step
            self.together = max(self.together, self.active)

    def steps(self):
        return FakeSteps(lambda job: self.cost, self.read, self.enhance, self.write)

    def read(self, job):
        self.enter(1)
        self.take(self.cost.read)
        threading.Event().wait(0.01)
        self.take(self.cost.held - self.cost.read)
        self.enter(-1)
        if job in self.fails:
            self.take(-self.cost.held)
            raise PhotoError(f"{job}: bad")
        return job

    def enhance(self, job, photo, room):
        self.enter(1)
        self.rooms.append(room)
        self.take(room)
        threading.Event().wait(0.01)
        self.take(-room)
        self.enter(-1)
        return photo

    def write(self, job, photo):
        self.enter(1)
        self.take(self.cost.write - self.cost.held)
        threading.Event().wait(0.01)
        self.take(-self.cost.write)
        self.enter(-1)
        return f"{photo} done"


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
@pytest.mark.parametrize("size", [1, 10, 45])
def test_the_budget_holds(workers, size):
    memory = Memory(Cost(2 * size, size, 5, 2 * size), fails={3})
    results = dict(run_batch(range(8), memory.steps(), 100, workers))
    assert memory.most <= 100 and memory.now == 0
    assert isinstance(results.pop(3), PhotoError)
    assert results == {job: f"{job} done" for job in range(8) if job != 3}
    assert min(memory.rooms) >= 5
    # Small photos overlap, large ones do not.
    assert (memory.together > 1) == (workers > 0 and size < 45)


def test_an_interrupt_finishes_what_is_being_written():
    memory, written = Memory(Cost(1, 1, 1, 1)), []

    def interrupted(job, photo, room):
        if job == 2:
            raise KeyboardInterrupt
        return photo

    def write(job, photo):
        threading.Event().wait(0.05)
        written.append(job)

    steps = memory.steps()._replace(enhance=interrupted, write=write)
    with pytest.raises(KeyboardInterrupt):
        list(run_batch(range(8), steps, 100, 2))
    assert written == [0, 1]
