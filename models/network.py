"""Conditioning and denoiser as the one module that training optimises; the text encoder stays frozen outside."""

import torch
from torch import Tensor, nn

from config import ModelConfig
from denoiser import Conditioning, Denoiser


class Network(nn.Module):
    def __init__(self, config: ModelConfig = ModelConfig()):
        super().__init__()
        self.config = config
        self.conditioning = Conditioning(config)
        self.denoiser = Denoiser(config)

    def forward(self, noisy, sigma, overlap, overlap_present, text, text_mask, anchor, anchor_present, first_frame=0) -> tuple[Tensor, Tensor]:
        """Velocity [B, C, F, H, W] and cell labels; `overlap` [B, C, 2, H, W] may be None for single latent frames."""
        conditioned = self.conditioning(text, text_mask, anchor, anchor_present)
        context, appearance, pooled = conditioned
        memory = None
        if overlap is not None:
            memory = self.denoiser.remember(overlap, context, appearance, text_mask, pooled)
        return self.denoiser(noisy, sigma, memory, overlap_present, context, appearance, text_mask, pooled, first_frame, want_labels=True)


def load_network(state: dict, config: ModelConfig = ModelConfig()) -> Network:
    """The network in evaluation mode with the given weights (a checkpoint's `average` or `network`)."""
    network = Network(config)
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.eval()
