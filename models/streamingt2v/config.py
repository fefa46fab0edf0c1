"""Every number that shapes the published networks; the defaults are the published ones, tests use smaller."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedConfig:
    # 3-D UNet: channels of its four levels, of one attention head, and of a group of its norms
    widths: tuple[int, ...] = (320, 640, 1280, 1280)
    head_width: int = 64
    groups: int = 32
    layers: int = 2
    # chunk: frames of one, of which the first `overlap` are the last of the chunk before
    frames: int = 16
    overlap: int = 8
    latent_channels: int = 4
    latent_side: int = 32
    # refiner: the same shape of UNet, over more frames of more cells
    refiner_frames: int = 24
    refiner_overlap: int = 8
    refiner_height: int = 90
    refiner_width: int = 160
    # what the spatial layers read
    text_tokens: int = 77
    anchor_tokens: int = 16
    context_width: int = 1024
    # CAM's frame encoder
    frame_widths: tuple[int, ...] = (32, 96, 256, 512)
    # APM: from the image tower's vector to tokens
    embedder_width: int = 1280
    # text tower: OpenCLIP ViT-H without its last layer
    vocabulary: int = 49408
    text_layers: int = 23
    text_heads: int = 16
    # image tower: OpenCLIP ViT-H/14
    image_side: int = 224
    patch: int = 14
    image_width: int = 1280
    image_layers: int = 32
    image_heads: int = 16
    # Stable Diffusion's autoencoder, finest level first
    decoder_widths: tuple[int, ...] = (128, 256, 512, 512)
    scaling_factor: float = 0.18215

    @property
    def stride(self) -> int:
        """Pixels across that one latent cell becomes."""
        return 2 ** (len(self.decoder_widths) - 1)
