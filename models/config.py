"""Every number that shapes the networks and the streaming loop; export.py writes them into model.json."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelConfig:
    name: str = "everframe-storybook-1"
    fps: int = 8
    # a latent frame is two frames; cells are 8x8 pixels: the base works at 64x64, the refiner at 128x128
    frames_per_latent: int = 2
    latent_channels: int = 16
    latent_side: int = 8
    refined_side: int = 16
    # in latent frames: what a chunk adds, and the tail of the chunk before that it reads
    chunk_frames: int = 4
    overlap_frames: int = 2
    anchor_frame: int = 1
    # text
    max_tokens: int = 32
    text_width: int = 384
    anchor_tokens: int = 16
    # denoiser
    width: int = 192
    blocks: int = 6
    heads: int = 4
    # refiner, in latent frames
    refiner_width: int = 128
    refiner_blocks: int = 4
    reader_blocks: int = 4
    refiner_chunk_frames: int = 4
    refiner_overlap_frames: int = 2
    refiner_steps: int = 2
    refiner_shift: float = 1.0
    # sampling
    num_inference_steps: int = 4
    shift: float = 3.0
    first_chunk_guidance_scale: float = 4.0
    guidance_scale: float = 1.0
