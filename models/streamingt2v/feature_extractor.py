"""CAM's copy of the UNet's first half, which the checkpoint calls `unet`; it reads the text without the anchor."""

from torch import Tensor

from streamingt2v.cam import FrameEncoder
from streamingt2v.config import PublishedConfig
from streamingt2v.layers import split_frames
from streamingt2v.unet import UNetEncoder


class FeatureExtractor(UNetEncoder):
    def __init__(self, config: PublishedConfig):
        super().__init__(config, anchored=False)
        self.controlnet_cond_embedding = FrameEncoder(config)

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor, frame_features: Tensor) -> list[Tensor]:
        """The first frames of the noisy latents [B, 4, overlap, H, W] and FrameEncoder's features [B, overlap, C, H, W] to features [B, C, overlap, h, w], the middle's last."""
        overlap = latents.shape[2]
        x, time = self.enter(latents, timestep)
        x, skips = self.descend(x + frame_features.flatten(0, 1), time, text, overlap)
        return [split_frames(feature, overlap) for feature in (*skips, x)]
