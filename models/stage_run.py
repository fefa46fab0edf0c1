"""The loop that every stage of flow matching shares: rate, gradients averaged over workers, averaged weights, saves.

A stage that was cut off goes on where its last save was. The rate rises over the first steps and falls by elapsed share of the stage's time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributed as distributed
from torch import Tensor, nn

from checkpoint import Checkpoint
from optimizer import Optimizer

SAVE_SECONDS = 60
TOLD_STEPS, WARM_UP_STEPS = 50, 50
AVERAGE_DECAY = 0.998
LARGEST_GRADIENT = 2.0


@dataclass(frozen=True)
class Learnt:
    """Of one step: the loss, its parts to be told, and how many samples of which kind this worker saw."""

    loss: Tensor
    parts: dict[str, float]
    samples: dict[str, int]


class StageRun:
    """`name` is the stage's; the checkpoint holds the network's weights as `weights` and their average as `average`."""

    def __init__(self, checkpoint: Checkpoint, name: str, network: nn.Module, weights: str, average: str, worker: int, workers: int):
        self.checkpoint, self.network, self.worker, self.workers = checkpoint, network, worker, workers
        self.weights_name, self.average_name = weights, average
        # A checkpoint that was kept small holds the average alone
        stored = checkpoint.get(weights) or checkpoint.get(average)
        if stored:
            network.load_state_dict(stored)
        self.average = {key: value.float().clone() for key, value in (checkpoint.get(average) or network.state_dict()).items()}
        self.optimizer = Optimizer(network, worker, workers)
        self.progress = {"name": name, "seconds": 0.0, "steps": 0}
        if (checkpoint.get("stage") or {}).get("name") == name:
            self.progress = checkpoint.get("stage")
            self.optimizer.load_state_dict(checkpoint.get("optimizer"))

    @property
    def steps(self) -> int:
        return self.progress["steps"]

    def go(self, seconds: float, rate: float, final_rate: float, learn: Callable[[], Learnt]) -> None:
        """Steps until the stage has had its wall time, earlier parts of it counted in; `rate` scales the optimiser's peak rates."""
        told, saved, before = {}, time.monotonic(), time.monotonic()
        while self.progress["seconds"] < seconds:
            now_rate = rate * min(1, (self.steps + 1) / WARM_UP_STEPS) * max(1 - self.progress["seconds"] / seconds, final_rate)
            learnt = learn()
            self.step(learnt.loss, now_rate)
            for kind, count in learnt.samples.items():
                self.progress[kind] = self.progress.get(kind, 0) + count * self.workers
            for name, value in learnt.parts.items():
                told[name] = told.get(name, value) * 0.97 + value * 0.03
            now = time.monotonic()
            self.progress["seconds"] = agree_on(self.progress["seconds"] + now - before, self.workers)
            before = now
            if self.worker == 0 and self.steps % TOLD_STEPS == 0:
                parts = " ".join(f"{name} {value:.4f}" for name, value in sorted(told.items()))
                print(f"{self.progress['name']} step {self.steps} {self.progress['seconds']:.0f} s rate {now_rate:.2f} {parts}", flush=True)
            if self.worker == 0 and (now - saved > SAVE_SECONDS or self.progress["seconds"] >= seconds):
                self.save()
                saved = now
        if self.worker == 0:
            self.checkpoint.put(history=(self.checkpoint.get("history") or []) + [self.progress], stage=None)

    def step(self, loss: Tensor, rate: float) -> None:
        for parameter in self.network.parameters():
            parameter.grad = None
        loss.backward()
        average_gradients(self.network, self.workers)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimizer.step(rate)
        self.progress["steps"] += 1
        update_average(self.average, self.network, self.steps)

    def save(self) -> None:
        state = {self.weights_name: self.network.state_dict(), self.average_name: self.average}
        self.checkpoint.put(**state, optimizer=self.optimizer.state_dict(), stage=self.progress)


def average_gradients(network: nn.Module, workers: int) -> None:
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in learning:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    if workers == 1:
        return
    flat = torch.cat([parameter.grad.flatten() for parameter in learning])
    distributed.all_reduce(flat)
    flat /= workers
    for parameter, part in zip(learning, flat.split([p.numel() for p in learning])):
        parameter.grad = part.view_as(parameter).contiguous(memory_format=torch.preserve_format)


def agree_on(seconds: float, workers: int) -> float:
    if workers == 1:
        return seconds
    told = torch.tensor([seconds], dtype=torch.float64)
    distributed.all_reduce(told, distributed.ReduceOp.MAX)
    return told.item()


@torch.no_grad()
def update_average(average: dict[str, Tensor], network: nn.Module, step: int) -> None:
    decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
    for name, value in network.state_dict().items():
        average[name].lerp_(value, 1 - decay)
