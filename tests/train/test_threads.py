"""Fewer threads beside busy programs: only if that is faster, and only while it is."""

import pytest
import torch

from gan_lessons.train import ComputeOptions, TrainConfig, Trainer, networks
from gan_lessons.train import threads as module
from gan_lessons.train.threads import Threads


class Machine:
    """Cores, and programs that hold them: says how long steps take, without waiting for them."""

    def __init__(self, monkeypatch, threads: int):
        self.now, self.cpu, self.threads = 0.0, 0.0, threads
        self.asked: list[int] = []  # every change
        self.time_of_a_step = {threads: 1.0}
        self.share = 1.0  # of their time that threads get
        monkeypatch.setattr(module.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(module.time, "process_time", lambda: self.cpu)
        monkeypatch.setattr(module.torch, "get_num_threads", lambda: self.threads)
        monkeypatch.setattr(module.torch, "set_num_threads", self.change)

    def change(self, threads: int) -> None:
        self.threads = threads
        self.asked.append(threads)

    def train(self, threads: Threads, looks: int) -> list[bool]:
        said = []
        for _ in range(looks):
            threads.start()
            wall = 4 * self.time_of_a_step[self.threads]
            self.now += wall
            self.cpu += wall * self.threads * (self.share if self.threads > 1 else 1.0)
            said.append(threads.look(4))
        return said


@pytest.fixture
def machine(monkeypatch):
    return lambda threads: Machine(monkeypatch, threads)


def test_on_a_quiet_machine_nothing_is_tried(machine):
    quiet = machine(4)
    assert not any(quiet.train(Threads(), 100))
    assert not quiet.asked


def test_beside_a_busy_program_fewer_are_taken_and_all_again_afterwards(machine):
    busy = machine(2)
    threads = Threads()
    busy.time_of_a_step, busy.share = {1: 1.6, 2: 5.0}, 0.6
    said = busy.train(threads, 7)
    assert said.count(True) == 1
    assert busy.threads == threads.now == 1
    assert threads.most == 2
    busy.time_of_a_step, busy.share = {1: 1.6, 2: 1.0}, 1.0
    assert not any(busy.train(threads, 20))
    assert busy.threads == 2


def test_fewer_are_not_kept_where_they_are_slower(machine):
    waiting = machine(2)  # threads that sleep while they wait do not get all of their time
    waiting.time_of_a_step, waiting.share = {1: 1.0, 2: 0.9}, 0.6
    threads = Threads()
    assert not any(waiting.train(threads, 50))
    assert waiting.threads == 2


def test_a_single_disturbed_look_changes_nothing(machine):
    shaky = machine(2)
    threads = Threads()
    for share in (0.6, 1.0) * 20:
        shaky.share = share
        shaky.train(threads, 1)
    assert not shaky.asked


def test_many_threads_are_halved_as_often_as_it_helps(machine):
    busy = machine(8)
    threads = Threads()
    busy.time_of_a_step, busy.share = {8: 9.0, 4: 5.0, 2: 2.0, 1: 3.0}, 0.6
    busy.train(threads, 60)
    assert threads.now == 2


def test_one_thread_stays_one(machine):
    single = machine(1)
    single.share = 0.1
    assert not any(single.train(Threads(), 20))
    assert not single.asked


def test_after_fit_all_threads_are_back(images, monkeypatch):
    before = torch.get_num_threads()
    looks = []

    def look(self, steps):
        looks.append(steps)
        torch.set_num_threads(1)
        return len(looks) == 1

    monkeypatch.setattr(Threads, "look", look)
    config = TrainConfig(width=4, latent=6, batch=8)
    trainer = Trainer(*networks(config, images), images, config, "cpu")
    trainer.fit(20)
    assert sum(looks) == 20
    assert torch.get_num_threads() == before


def test_it_is_said(images, monkeypatch, capsys):
    monkeypatch.setattr(Threads, "look", lambda *_: True)
    config = TrainConfig(width=4, latent=6, batch=8)
    Trainer(*networks(config, images), images, config, "cpu").fit(1)
    assert "other programs are busy: the training goes on with" in capsys.readouterr().out


def test_it_can_be_turned_off(images, monkeypatch):
    monkeypatch.setattr(Threads, "look", None)
    config = TrainConfig(width=4, latent=6, batch=8)
    compute = ComputeOptions(spare_threads=False)
    Trainer(*networks(config, images), images, config, "cpu", compute).fit(2)
