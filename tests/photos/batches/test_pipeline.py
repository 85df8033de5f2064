"""The three steps of a batch: their order, their overlap, and their memory."""

import threading
import time

import numpy as np
import pytest
from fake_steps import FakeSteps

from photos import PhotoError
from photos.batches.memory_cost import Cost
from photos.batches.pipeline import run_batch

BUDGET = 1000


class Factory:
    """Steps that count their bytes; a job is (number, held bytes, name of the step that fails)."""

    def __init__(self, slow=0.0):
        self._lock, self._slow = threading.Lock(), slow
        self.taken, self.peak, self.together = 0, 0, 0
        self._photos, self.events = 0, []

    def steps(self):
        return FakeSteps(self.cost, self.read, self.enhance, self.write)

    def _take(self, size):
        with self._lock:
            self.taken += size
            self.peak = max(self.peak, self.taken)

    def _note(self, event, job):
        with self._lock:
            self.events.append((event, job[0]))
        if job[2] == event:
            raise PhotoError(f"{job[0]} at {event}")
        time.sleep(self._slow)

    def cost(self, job):
        self._note("cost", job)
        held = job[1]
        return Cost(2 * held, held, held // 2, 3 * held)

    def read(self, job):
        cost = Cost(2 * job[1], job[1], job[1] // 2, 3 * job[1])
        self._take(cost.read)
        try:
            self._note("read", job)
        except PhotoError:
            self._take(-cost.read)
            raise
        self._take(cost.held - cost.read)
        with self._lock:
            self._photos += 1
            self.together = max(self.together, self._photos)
        return cost

    def enhance(self, job, cost, room):
        assert room >= cost.work
        self._take(room)
        self._note("enhance", job)
        self._take(-room)
        return cost

    def write(self, job, cost):
        self._take(cost.write - cost.held)
        try:
            self._note("write", job)
        finally:
            self._take(-cost.write)
            with self._lock:
                self._photos -= 1
        return -job[0]


@pytest.mark.parametrize("workers", [0, 1, 2, 3, 5])
def test_together_they_stay_within_the_budget(workers):
    rng = np.random.default_rng(workers)
    sizes = rng.choice([3, 20, 60, 150, 333], 60)
    failing = rng.choice(["", "", "", "cost", "read", "write"], 60)
    jobs = [(n, int(sizes[n]), failing[n]) for n in range(60)]
    factory = Factory(slow=0.0005)
    results = dict(run_batch(jobs, factory.steps(), BUDGET, workers))
    assert factory.peak <= BUDGET
    assert factory.taken == 0
    assert list(results) and set(results) == set(jobs)
    for job, result in results.items():
        if job[2]:
            assert isinstance(result, PhotoError) and str(result) == f"{job[0]} at {job[2]}"
        else:
            assert result == -job[0]
    assert (factory.together > 1) == (workers > 0)


def test_large_photos_go_one_after_another():
    factory = Factory(slow=0.001)
    jobs = [(n, 333, "") for n in range(6)]
    assert [result for _, result in run_batch(jobs, factory.steps(), BUDGET, 4)] == [
        -n for n in range(6)
    ]
    assert factory.together == 1 and factory.peak <= BUDGET


def test_the_next_is_read_and_the_last_written_beside_the_network():
    at_network, read_next = threading.Event(), threading.Event()
    writing, second_at_network = threading.Event(), threading.Event()

    def read(job):
        if job == 1:
            assert at_network.wait(10)
            read_next.set()
        return job

    def enhance(job, photo, room):
        if job == 0:
            at_network.set()
            assert read_next.wait(10), "job 1 is not read while job 0 is in the network"
        else:
            second_at_network.set()
            assert writing.wait(10)
        return photo

    def write(job, photo):
        if job == 0:
            writing.set()
            assert second_at_network.wait(10), "job 0 is not written while job 1 is enhanced"
        return photo

    steps = FakeSteps(lambda job: Cost(1, 1, 1, 1), read, enhance, write)
    assert list(run_batch([0, 1], steps, BUDGET, 2)) == [(0, 0), (1, 1)]


def test_an_interrupt_finishes_what_is_written_and_drops_the_rest():
    factory = Factory(slow=0.01)
    steps = factory.steps()

    def interrupted(job, photo, room):
        if job[0] == 3:
            raise KeyboardInterrupt
        return factory.enhance(job, photo, room)

    with pytest.raises(KeyboardInterrupt):
        for _ in run_batch(
            [(n, 5, "") for n in range(20)], steps._replace(enhance=interrupted), BUDGET, 2
        ):
            pass
    written = [number for event, number in factory.events if event == "write"]
    assert written == [0, 1, 2]
    assert max(number for _, number in factory.events) <= 5
    assert threading.active_count() == 1 or all(
        not thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate()
    )


def test_what_is_no_fault_of_a_photo_is_not_hidden():
    def broken(job):
        raise ZeroDivisionError

    steps = Factory().steps()._replace(read=broken)
    with pytest.raises(ZeroDivisionError):
        list(run_batch([(0, 1, "")], steps, BUDGET, 1))


class EqualJobs:
    """Steps that count the bytes that they hold; every job has the same cost."""

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
def test_small_photos_overlap_and_large_ones_do_not(workers, size):
    memory = EqualJobs(Cost(2 * size, size, 5, 2 * size), fails={3})
    results = dict(run_batch(range(8), memory.steps(), 100, workers))
    assert memory.most <= 100 and memory.now == 0
    assert isinstance(results.pop(3), PhotoError)
    assert results == {job: f"{job} done" for job in range(8) if job != 3}
    assert min(memory.rooms) >= 5
    assert (memory.together > 1) == (workers > 0 and size < 45)
