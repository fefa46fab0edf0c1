"""Text encoder, anchor encoder and denoiser as the one module that training optimises."""

import torch
from torch import Tensor, nn

from captions import MAX_TOKENS, VOCABULARY
from config import ModelConfig
from denoiser import AnchorEncoder, Denoiser
from word_encoder import TextEncoder


class Network(nn.Module):
    def __init__(self, config: ModelConfig = ModelConfig()):
        super().__init__()
        self.config = config
        self.text_encoder = TextEncoder(len(VOCABULARY) + 3, config.text_width, config.text_layers, config.heads, MAX_TOKENS)
        self.anchor_encoder = AnchorEncoder(config)
        self.denoiser = Denoiser(config)

    def forward(self, noisy: Tensor, sigmas: Tensor, token_ids: Tensor, anchor: Tensor, anchor_present: Tensor, first_frame: int = 0) -> Tensor:
        """Velocity [B, C, F, H, W]; anchor [B, C, H, W] counts where anchor_present [B] is 1."""
        tokens, mask, pooled = self.text_encoder(token_ids)
        return self.denoiser(noisy, sigmas, tokens, mask, pooled, self.anchor_encoder(anchor), anchor_present, first_frame)


def load_network(state: dict, config: ModelConfig = ModelConfig()) -> Network:
    """The network in evaluation mode with the given weights (a checkpoint's `average` or `network`)."""
    network = Network(config)
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.eval()
