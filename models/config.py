"""Every number that shapes the networks and the streaming loop; `manifest` in export.py writes it out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelConfig:
    name: str = "everframe-toybox-1"
    fps: int = 8
    frame_side: int = 128
    # latents per frame: [latent_channels, latent_side, latent_side]
    latent_channels: int = 8
    latent_side: int = 16
    # a chunk, in latent frames; the overlap is the previous chunk's tail, given clean
    chunk_frames: int = 12
    overlap_frames: int = 4
    anchor_frame: int = 4
    # text
    max_tokens: int = 24
    text_width: int = 128
    text_layers: int = 2
    heads: int = 4
    anchor_tokens: int = 16
    # denoiser: channels at 16x16, 8x8, 4x4
    widths: tuple[int, int, int] = (64, 128, 192)
    # sampling
    num_inference_steps: int = 8
    shift: float = 5.0
    first_chunk_guidance_scale: float = 2.5
    guidance_scale: float = 1.0
