"""The reference loop that the TypeScript worker must match: chunks outside, Euler steps inside.

Chunk 0 denoises all its frames from noise. Every later chunk holds the previous chunk's last frames
clean in front (sigma 0), denoises the rest, and yields only those. The anchor frame is one frame of
chunk 0, shown to all later chunks.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from captions import NULL_TOKENS, tokenize
from config import ModelConfig
from network import Network
from schedule import euler_step, guide, make_sigmas

# (batch shape, chunk_index) to standard normal noise; a chunk's noise follows from seed and index
NoiseSource = Callable[[tuple[int, ...], int], Tensor]


def seeded_noise(seed: int) -> NoiseSource:
    def draw(shape: tuple[int, ...], chunk_index: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed * 1_000_003 + chunk_index)
        return torch.randn(shape, generator=generator)

    return draw


@torch.no_grad()
def sample(
    network: Network,
    prompts: list[str],
    chunks: int,
    noise: NoiseSource,
    steps: int = ModelConfig.num_inference_steps,
    shift: float = ModelConfig.shift,
    first_scale: float = ModelConfig.first_chunk_guidance_scale,
    scale: float = ModelConfig.guidance_scale,
) -> Iterator[Tensor]:
    """Yields each chunk's new latents [B, C, F_new, H, W]: 12 frames, then 8 at a time."""
    config, batch = network.config, len(prompts)
    text = network.text_encoder(torch.tensor([tokenize(prompt) for prompt in prompts]))
    no_text = network.text_encoder(torch.tensor([NULL_TOKENS] * batch))
    anchor_tokens = torch.zeros(batch, config.anchor_tokens, config.text_width)
    shape = (batch, config.latent_channels, config.chunk_frames, config.latent_side, config.latent_side)
    overlap = None
    for chunk_index in range(chunks):
        latents = noise(shape, chunk_index)
        given = 0 if overlap is None else config.overlap_frames
        if given:
            latents[:, :, :given] = overlap
        anchor_present = torch.full((batch,), float(given > 0))
        guidance_scale = scale if given else first_scale
        sigmas = make_sigmas(steps, shift)
        for sigma, sigma_next in zip(sigmas[:-1], sigmas[1:]):
            frame_sigmas = torch.full((batch, config.chunk_frames), float(sigma))
            frame_sigmas[:, :given] = 0
            velocity = network.denoiser(latents, frame_sigmas, *text, anchor_tokens, anchor_present)
            if guidance_scale != 1:
                without = network.denoiser(latents, frame_sigmas, *no_text, anchor_tokens, anchor_present)
                velocity = guide(without, velocity, guidance_scale)
            latents = euler_step(latents, velocity, float(sigma), float(sigma_next))
        if not given:
            anchor_tokens = network.anchor_encoder(latents[:, :, config.anchor_frame])
        overlap = latents[:, :, -config.overlap_frames :]
        yield latents[:, :, given:]
