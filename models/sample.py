"""The reference loop that the TypeScript worker must match: chunks outside, Euler steps inside.

Every chunk adds the same number of latent frames. All but the first remember the last latent frames
before them; the anchor, a latent frame of the first chunk, is shown to all later ones. A prompt
that renews the anchor has its first chunk made without one, and the anchor taken from it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from config import ModelConfig
from network import Network
from noise import draw_normals
from schedule import euler_step, guide, make_sigmas
from text_encoder import TextEncoder

# (batch shape, chunk_index) to standard normal noise; a chunk's noise follows from seed and index
NoiseSource = Callable[[tuple[int, ...], int], Tensor]


@dataclass(frozen=True)
class Text:
    """Token states [B, 32, 384] and mask [B, 32]."""

    states: Tensor
    mask: Tensor


def encode_texts(text_encoder: TextEncoder, prompts: list[str]) -> Text:
    states, mask = text_encoder.encode(prompts)
    return Text(torch.from_numpy(states.astype(np.float32)), torch.from_numpy(mask))


def seeded_noise(seed: int) -> NoiseSource:
    """Row n of a batch has the noise of the worker's video with the seed `seed + n`."""

    def draw(shape: tuple[int, ...], chunk_index: int) -> Tensor:
        size = int(np.prod(shape[1:]))
        rows = [draw_normals(seed + row, "stream", chunk_index, size) for row in range(shape[0])]
        return torch.from_numpy(np.stack(rows).reshape(shape))

    return draw


@torch.no_grad()
def sample(
    network: Network,
    texts: Sequence[Text],
    no_text: Text,
    noise: NoiseSource,
    renewing: Collection[int] = (),
    steps: int = ModelConfig.num_inference_steps,
    shift: float = ModelConfig.shift,
    first_scale: float = ModelConfig.first_chunk_guidance_scale,
    scale: float = ModelConfig.guidance_scale,
    remembered: int = ModelConfig.overlap_frames,
    shows_anchor: bool = True,
) -> Iterator[Tensor]:
    """Yields each chunk's clean latents [B, C, F, H, W].

    `texts` holds what each chunk obeys, `renewing` the chunks behind the first that renew the anchor.
    The last two are for baselines alone: how many of the last latent frames a chunk is shown (fewer
    than it reads: the earliest stands for those before it; 0: none), and whether the anchor is.
    """
    config, batch = network.config, len(no_text.mask)
    frame = (config.latent_channels, config.latent_side, config.latent_side)
    sigmas = make_sigmas(steps, shift).tolist()
    overlap = anchor = None
    for chunk_index, text in enumerate(texts):
        renews = anchor is None or chunk_index in renewing
        shown = torch.zeros(batch, *frame) if renews else anchor
        guidance_scale = first_scale if renews else scale
        present = torch.full((batch,), float(shows_anchor and not renews))
        branches = [prepare(network, told, shown, present, overlap) for told in ([text] if guidance_scale == 1 else [text, no_text])]
        latents = noise((batch, frame[0], config.chunk_frames, *frame[1:]), chunk_index)
        for sigma, sigma_next in zip(sigmas[:-1], sigmas[1:]):
            velocity, *without = [network.denoiser(latents, torch.full((batch,), sigma), *branch) for branch in branches]
            if without:
                velocity = guide(without[0], velocity, guidance_scale)
            latents = euler_step(latents, velocity, sigma, sigma_next)
        if renews:
            anchor = latents[:, :, config.anchor_frame]
        overlap = last_frames(latents, remembered, config.overlap_frames)
        yield latents


def last_frames(latents: Tensor, remembered: int, read: int) -> Tensor | None:
    if remembered == 0:
        return None
    kept = latents[:, :, -remembered:]
    return torch.cat([kept[:, :, :1].expand(-1, -1, read - remembered, -1, -1), kept], 2)


def prepare(network: Network, text: Text, anchor: Tensor, anchor_present: Tensor, overlap: Tensor | None) -> tuple:
    """What the denoiser reads at every step of a chunk, in the order of its arguments."""
    context, appearance, pooled = network.conditioning(text.states, text.mask, anchor, anchor_present)
    memory = None if overlap is None else network.denoiser.remember(overlap, context, appearance, text.mask, pooled)
    memory_present = None if overlap is None else torch.ones(len(text.mask))
    return memory, memory_present, context, appearance, text.mask, pooled
