"""The package's graphs: which module each is, what goes in and comes out.

Weights are float16 and so is all arithmetic within; what goes in and out is float32, as the sampler adds it up, and
bytes of pictures. Every graph's first axis is free: videos, their two guidance branches, or frames.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from streamingt2v.apm import AnchorEmbedder
from streamingt2v.cam import FrameEncoder as CamFrameEncoder
from streamingt2v.clip import ImageTower, TextEncoder
from streamingt2v.config import PublishedConfig
from streamingt2v.feature_extractor import FeatureExtractor
from streamingt2v.layers import join_frames
from streamingt2v.refiner import RefinerUNet
from streamingt2v.unet import UNet3D
from streamingt2v.vae import FrameDecoder, FrameEncoder


@dataclass(frozen=True)
class Graph:
    """`build` makes the module without numbers; `inputs` makes inputs of the right shapes for so many videos."""

    name: str
    build: Callable[[PublishedConfig], nn.Module]
    inputs: Callable[[PublishedConfig, int], dict[str, Tensor]]
    outputs: tuple[str, ...]


def dtype_of(module: nn.Module) -> torch.dtype:
    return next(module.parameters()).dtype


class TextGraph(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.text_encoder = TextEncoder(config)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.text_encoder(input_ids).float()


class AnchorGraph(nn.Module):
    """The anchor's latents [B, 4, H, W] to tokens [B, 16, D]; where `present` is 0, to those of a grey frame, which the unguided branch reads."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.frame_decoder = FrameDecoder(config)
        self.image_tower, self.anchor_embedder = ImageTower(config), AnchorEmbedder(config)

    def forward(self, anchor: Tensor, present: Tensor) -> Tensor:
        frame = (2 * self.frame_decoder(anchor) - 1) * present[:, None, None, None]
        return self.anchor_embedder(self.image_tower(frame)).float()


class FrameGraph(nn.Module):
    """CAM's once a chunk: the latents of the last frames before it [B, 4, 8, H, W], decoded, to features [B, 8, C, H, W]."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.frame_decoder = FrameDecoder(config)
        self.feature_extractor = nn.Module()
        self.feature_extractor.controlnet_cond_embedding = CamFrameEncoder(config)

    def forward(self, overlap: Tensor) -> Tensor:
        frames = 2 * self.frame_decoder(join_frames(overlap)) - 1
        return self.feature_extractor.controlnet_cond_embedding(frames).unflatten(0, (-1, overlap.shape[2])).float()


class DenoiserGraph(nn.Module):
    """A timestep: CAM's feature extractor, which reads the noisy latents too, and the UNet with mergers and anchored attention."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.overlap = config.overlap
        self.feature_extractor = FeatureExtractor(config)
        del self.feature_extractor.controlnet_cond_embedding
        self.denoiser = UNet3D(config, streaming=True)

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor, anchor: Tensor, frame_features: Tensor) -> Tensor:
        latents, text, anchor, frame_features = (value.to(dtype_of(self)) for value in (latents, text, anchor, frame_features))
        features = self.feature_extractor(latents[:, :, : self.overlap], timestep, text, frame_features)
        return self.denoiser(latents, timestep, torch.cat([text, anchor], 1), features).float()


class FirstStageGraph(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.first_stage = UNet3D(config, streaming=False)

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        return self.first_stage(latents.to(dtype_of(self)), timestep, text.to(dtype_of(self))).float()


class RefinerGraph(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.refiner = RefinerUNet(config)

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        return self.refiner(latents.to(dtype_of(self)), timestep, text.to(dtype_of(self))).float()


class DecoderGraph(nn.Module):
    """Latents [N, 4, H, W] to bytes [N, 1, 8H, 8W, 3]."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.frame_decoder = FrameDecoder(config)

    def forward(self, latents: Tensor) -> Tensor:
        frames = self.frame_decoder(latents).float() * 255
        return frames.round().to(torch.uint8).permute(0, 2, 3, 1)[:, None]


class EncoderGraph(nn.Module):
    """Bytes [N, 8H, 8W, 3] to latents [N, 4, H, W]: those most likely, without the noise that training draws."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.frame_encoder = FrameEncoder(config)

    def forward(self, image: Tensor) -> Tensor:
        return self.frame_encoder(image.permute(0, 3, 1, 2).float() / 127.5 - 1)[0]


class RefinerEncoderGraph(EncoderGraph):
    """The same with the deviation, of which the published refiner draws."""

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return self.frame_encoder(image.permute(0, 3, 1, 2).float() / 127.5 - 1)


def noisy(config: PublishedConfig, batch: int) -> dict[str, Tensor]:
    latents = torch.randn(batch, config.latent_channels, config.frames, config.latent_side, config.latent_side)
    return {"latents": latents, "timestep": torch.arange(batch) * 37 + 500, "text": torch.randn(batch, config.text_tokens, config.context_width)}


def refiner_noisy(config: PublishedConfig, batch: int) -> dict[str, Tensor]:
    latents = torch.randn(batch, config.latent_channels, config.refiner_frames, config.refiner_height, config.refiner_width)
    return noisy(config, batch) | {"latents": latents}


def denoiser_inputs(config: PublishedConfig, batch: int) -> dict[str, Tensor]:
    features = torch.randn(batch, config.overlap, config.widths[0], config.latent_side, config.latent_side)
    return noisy(config, batch) | {"anchor": torch.randn(batch, config.anchor_tokens, config.context_width), "frame_features": features}


def token_ids(config: PublishedConfig, batch: int) -> dict[str, Tensor]:
    return {"input_ids": torch.randint(config.vocabulary, (batch, config.text_tokens))}


def latent_frames(config: PublishedConfig, *batch: int) -> Tensor:
    return torch.randn(batch[0], config.latent_channels, *batch[1:], config.latent_side, config.latent_side)


def image_bytes(batch: int, height: int, width: int) -> dict[str, Tensor]:
    return {"image": torch.randint(256, (batch, height, width, 3), dtype=torch.uint8)}


def refiner_image(config: PublishedConfig, batch: int) -> dict[str, Tensor]:
    return image_bytes(batch, config.refiner_height * config.stride, config.refiner_width * config.stride)


def anchor_inputs(config: PublishedConfig, batch: int) -> dict[str, Tensor]:
    return {"anchor": latent_frames(config, batch), "present": (torch.arange(batch) % 2 == 0).float()}


# What a text-to-video UNet needs to be a model of its own
FIRST_STAGE_GRAPHS = (
    Graph("text_encoder", TextGraph, token_ids, ("text",)),
    Graph("first_stage", FirstStageGraph, noisy, ("noise",)),
    Graph("vae_decoder", DecoderGraph, lambda config, batch: {"latents": latent_frames(config, batch)}, ("frames",)),
)
GRAPHS = (
    *FIRST_STAGE_GRAPHS,
    Graph(
        "vae_encoder",
        EncoderGraph,
        lambda config, batch: image_bytes(batch, config.latent_side * config.stride, config.latent_side * config.stride),
        ("latents",),
    ),
    Graph("anchor_encoder", AnchorGraph, anchor_inputs, ("anchor_tokens",)),
    Graph("frame_encoder", FrameGraph, lambda config, batch: {"overlap": latent_frames(config, batch, config.overlap)}, ("frame_features",)),
    Graph("denoiser", DenoiserGraph, denoiser_inputs, ("noise",)),
)
REFINER_GRAPHS = (
    Graph("refiner_encoder", RefinerEncoderGraph, refiner_image, ("mean", "deviation")),
    Graph("refiner", RefinerGraph, refiner_noisy, ("v",)),
    Graph(
        "refiner_decoder",
        DecoderGraph,
        lambda config, batch: {"latents": torch.randn(batch, config.latent_channels, config.refiner_height, config.refiner_width)},
        ("frames",),
    ),
)
