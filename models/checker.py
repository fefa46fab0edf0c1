"""Reads frames: which things stand where, their colour, size and angle, the place, night and weather. Evaluation only.

A small network of one frame at a time; `motion.py` follows what it finds over time. Trained by
train_checker.py on renders alone, so that its word on a generated clip is not that of the model's
own networks. Convolutions wrap around, as the world does.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from places import PLACES
from story import WEATHERS
from things import COLOURS, THINGS

SIDE, CELLS = 128, 16
CELL = SIDE // CELLS
WIDTH = 112
USUAL_DIAMETER = 56.0
SEEN = 0.3
WEIGHTS = Path(__file__).with_name("checkpoints") / "checker.pt"


@dataclass
class Found:
    """One thing in one frame. Angles in radians, `surety` of the angle 0..1: low where a drawing looks alike from all sides."""

    score: float
    x: float
    y: float
    diameter: float
    angle: float
    surety: float
    things: np.ndarray  # log probabilities [48]
    colours: np.ndarray  # log probabilities [8]


@dataclass
class FrameReading:
    found: list[Found]
    places: np.ndarray  # log probabilities [10]
    night: float  # log odds
    weathers: np.ndarray  # log probabilities [3]


class Checker(nn.Module):
    def __init__(self):
        super().__init__()
        self.enter = nn.Sequential(
            nn.PixelUnshuffle(4),  # [N, 48, 32, 32]
            nn.Conv2d(48, 64, 3, padding=1, padding_mode="circular"),
            nn.ReLU(),
            nn.Conv2d(64, WIDTH, 3, stride=2, padding=1, padding_mode="circular"),  # [N, 112, 16, 16]
        )
        self.blocks = nn.ModuleList(Block(WIDTH) for _ in range(3))
        self.cells = nn.Conv2d(WIDTH, 1 + len(THINGS) + len(COLOURS) + 5, 1)
        self.whole = nn.Linear(2 * WIDTH, len(PLACES) + 1 + len(WEATHERS))

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        """Frames in -1..1 [N, 3, 128, 128] to logits: per cell [N, ., 16, 16], and of the whole [N, .]."""
        x = self.enter(frames)
        for block in self.blocks:
            x = block(x)
        x = F.relu(x)
        heat, things, colours, offset, size, angle = self.cells(x).float().split([1, len(THINGS), len(COLOURS), 2, 1, 2], 1)
        whole = self.whole(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)).float()
        places, night, weathers = whole.split([len(PLACES), 1, len(WEATHERS)], 1)
        return {"heat": heat[:, 0], "things": things, "colours": colours, "offset": offset, "size": size[:, 0], "angle": angle, "places": places, "night": night[:, 0], "weathers": weathers}


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, padding_mode="circular")
        self.second = nn.Conv2d(width, width, 3, padding=1, padding_mode="circular")
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(x))))


def load_checker(path: Path = WEIGHTS) -> Checker:
    checker = Checker().eval().to(memory_format=torch.channels_last)
    checker.load_state_dict({name: value.float() for name, value in torch.load(path, map_location="cpu", weights_only=True).items()})
    return checker


def as_input(frames: np.ndarray) -> Tensor:
    """uint8 [N, 128, 128, 3] to -1..1 [N, 3, 128, 128], channels last."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def read_frames(checker: Checker, frames: np.ndarray) -> list[FrameReading]:
    """frames uint8 [F, 128, 128, 3]."""
    readings = []
    for start in range(0, len(frames), 32):
        out = checker(as_input(np.ascontiguousarray(frames[start : start + 32])))
        heat = out["heat"].sigmoid()
        around = F.max_pool2d(F.pad(heat[:, None], (1, 1, 1, 1), mode="circular"), 3, 1)[:, 0]
        peaks = (heat == around) & (heat > SEEN)
        logs = {name: out[name].log_softmax(1).numpy() for name in ("things", "colours", "places", "weathers")}
        for number in range(len(heat)):
            cells = peaks[number].nonzero().tolist()
            found = [found_at(out, logs, float(heat[number, row, column]), number, row, column) for row, column in cells]
            readings.append(FrameReading(sorted(found, key=lambda each: -each.score), logs["places"][number], float(out["night"][number]), logs["weathers"][number]))
    return readings


def found_at(out: dict[str, Tensor], logs: dict[str, np.ndarray], score: float, number: int, row: int, column: int) -> Found:
    across, down = (out["offset"][number, :, row, column] * CELL).tolist()
    cos, sin = out["angle"][number, :, row, column].tolist()
    return Found(
        score=score,
        x=((column + 0.5) * CELL + across) % SIDE,
        y=((row + 0.5) * CELL + down) % SIDE,
        diameter=USUAL_DIAMETER * float(out["size"][number, row, column].exp()),
        angle=float(np.arctan2(sin, cos)),
        surety=float(min(1, np.hypot(cos, sin))),
        things=logs["things"][number, :, row, column],
        colours=logs["colours"][number, :, row, column],
    )
