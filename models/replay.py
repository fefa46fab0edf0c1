"""Chunks as the network made them lately, for it to go on from.

A stream goes on from its own pictures, which are never quite right; a network that was only ever shown real
ones drifts away with its errors. The answer of Stable Video Infinity (arXiv 2510.09212) is to recycle them: a step's
estimate of its clean chunk, one step from its noise, is kept, and shown in place of the real chunk
when the next one is learnt. It costs no pass of the network.
"""

from collections import deque

import numpy as np
import torch
from torch import Tensor

from config import ModelConfig
from latents import GROUPS

ROOM = 256
# Beyond it an estimate is a blur of all that might be
MOST_SIGMA = 0.85


class Replay:
    def __init__(self):
        # The clip, where its next chunk begins, and the chunk [C, F, H, W]
        self.chunks: deque[tuple[int, int, Tensor]] = deque(maxlen=ROOM)

    @torch.no_grad()
    def keep(self, clips: np.ndarray, starts: np.ndarray, sigma: Tensor, estimate: Tensor) -> None:
        """Those chunks of `estimate` [B, C, F, H, W] that are chunks of a stream and have one behind them in their clip."""
        length = ModelConfig.chunk_frames
        for row, (clip, start) in enumerate(zip(clips, starts)):
            if sigma[row] <= MOST_SIGMA and start + 2 * length <= GROUPS:
                self.chunks.append((int(clip), int(start) + length, estimate[row].detach().float().cpu()))

    def draw(self, rng: np.random.Generator) -> tuple[int, int, Tensor]:
        return self.chunks[rng.integers(len(self.chunks))]
