"""The package's graphs: which module each is, what goes in and comes out, and how it becomes an ONNX file.

Latents and noise are float32, as the sampler adds them up; what passes from graph to graph is float16
like the weights. Every graph's first axis is free: videos, or their two guidance branches.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from streamingt2v.apm import AnchorEmbedder
from streamingt2v.cam import FrameEncoder
from streamingt2v.clip import ImageTower, TextEncoder
from streamingt2v.config import PublishedConfig
from streamingt2v.feature_extractor import FeatureExtractor
from streamingt2v.unet import UNet3D, skip_sides, skip_widths
from streamingt2v.vae import FrameDecoder

OPSET = 18


@dataclass(frozen=True)
class Graph:
    """`build` makes the module without numbers; `inputs` makes inputs of the right shapes for so many videos."""

    name: str
    build: Callable[[PublishedConfig], nn.Module]
    inputs: Callable[[PublishedConfig, int], dict[str, Tensor]]
    outputs: Callable[[PublishedConfig], list[str]]


class TextGraph(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.text_encoder = TextEncoder(config)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.text_encoder(input_ids)


class AnchorGraph(nn.Module):
    """Frame [B, 3, H, W] in -1..1 to anchor tokens [B, 16, 1024]; the unguided branch reads a frame of zeros."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.image_tower, self.anchor_embedder = ImageTower(config), AnchorEmbedder(config)

    def forward(self, frame: Tensor) -> Tensor:
        return self.anchor_embedder(self.image_tower(frame))


class FrameGraph(nn.Module):
    """The last frames of the chunk before [B, 8, 3, H, W] in -1..1 to [B, 8, C, H/8, W/8]; once a chunk."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.feature_extractor = nn.Module()
        self.feature_extractor.controlnet_cond_embedding = FrameEncoder(config)

    def forward(self, frames: Tensor) -> Tensor:
        encoder = self.feature_extractor.controlnet_cond_embedding
        return encoder(frames.to(encoder.conv_in.weight.dtype).flatten(0, 1)).unflatten(0, frames.shape[:2])


class CamGraph(nn.Module):
    """The rest of CAM; once a timestep."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.feature_extractor = FeatureExtractor(config)
        del self.feature_extractor.controlnet_cond_embedding

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor, frame_features: Tensor) -> list[Tensor]:
        return self.feature_extractor(latents.to(text.dtype), timestep, text, frame_features)


class DenoiserGraph(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.denoiser = UNet3D(config, streaming=True)

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor, anchor: Tensor, features: list[Tensor]) -> Tensor:
        context = torch.cat([text, anchor], 1)
        return self.denoiser(latents.to(text.dtype), timestep, context, features).float()


class FirstStageGraph(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.first_stage = UNet3D(config, streaming=False)

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        return self.first_stage(latents.to(text.dtype), timestep, text).float()


class DecoderGraph(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.frame_decoder = FrameDecoder(config)

    def forward(self, latents: Tensor) -> Tensor:
        return self.frame_decoder(latents.to(self.frame_decoder.post_quant_conv.weight.dtype)).float()


def half(*shape: int) -> Tensor:
    return torch.randn(shape).to(torch.float16)


def pixels(config: PublishedConfig) -> int:
    return config.latent_side * config.stride


def noisy(config: PublishedConfig, batch: int, frames: int) -> dict[str, Tensor]:
    latents = torch.randn(batch, config.latent_channels, frames, config.latent_side, config.latent_side)
    return {"latents": latents, "timestep": torch.arange(batch) * 37 + 500, "text": half(batch, config.text_tokens, config.context_width)}


def cam_inputs(config: PublishedConfig, batch: int) -> dict[str, Tensor]:
    features = half(batch, config.overlap, config.widths[0], config.latent_side, config.latent_side)
    return noisy(config, batch, config.overlap) | {"frame_features": features}


def denoiser_inputs(config: PublishedConfig, batch: int) -> dict[str, Tensor]:
    sizes = list(zip(skip_widths(config), skip_sides(config), strict=True))
    features = [half(batch, width, config.overlap, side, side) for width, side in [*sizes, (config.widths[-1], sizes[-1][1])]]
    anchor = half(batch, config.anchor_tokens, config.context_width)
    return noisy(config, batch, config.frames) | {"anchor": anchor} | dict(zip(feature_names(config), features, strict=True))


def feature_names(config: PublishedConfig) -> list[str]:
    return [f"skip_{number}" for number in range(len(skip_widths(config)))] + ["middle"]


GRAPHS = (
    Graph(
        "text_encoder",
        TextGraph,
        lambda config, batch: {"input_ids": torch.randint(config.vocabulary, (batch, config.text_tokens))},
        lambda config: ["text"],
    ),
    Graph(
        "anchor_encoder",
        AnchorGraph,
        lambda config, batch: {"frame": torch.rand(batch, 3, pixels(config), pixels(config)) * 2 - 1},
        lambda config: ["anchor"],
    ),
    Graph(
        "frame_encoder",
        FrameGraph,
        lambda config, batch: {"frames": torch.rand(batch, config.overlap, 3, pixels(config), pixels(config)) * 2 - 1},
        lambda config: ["frame_features"],
    ),
    Graph("cam_encoder", CamGraph, cam_inputs, feature_names),
    Graph("denoiser", DenoiserGraph, denoiser_inputs, lambda config: ["noise"]),
    Graph("first_stage", FirstStageGraph, lambda config, batch: noisy(config, batch, config.frames), lambda config: ["noise"]),
    Graph(
        "vae_decoder",
        DecoderGraph,
        lambda config, batch: {"latents": torch.randn(batch, config.latent_channels, config.latent_side, config.latent_side)},
        lambda config: ["frames"],
    ),
)


def arguments(inputs: dict[str, Tensor]) -> tuple:
    """As a module takes them: CAM's features are one list."""
    features = [value for name, value in inputs.items() if is_feature(name)]
    return (*(value for name, value in inputs.items() if not is_feature(name)), *([features] if features else []))


def is_feature(name: str) -> bool:
    return name == "middle" or name.startswith("skip_")


@torch.no_grad()
def write_graph(graph: Graph, module: nn.Module, config: PublishedConfig, folder: Path) -> None:
    """`<name>.onnx` and beside it `<name>.onnx.data` with the weights, as one file may hold 2 GB only."""
    inputs = graph.inputs(config, 2)
    batch = torch.export.Dim("batch", min=1, max=64)
    free = [[{0: batch}] * len(value) if isinstance(value, list) else {0: batch} for value in arguments(inputs)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            arguments(inputs),
            input_names=list(inputs),
            output_names=graph.outputs(config),
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=tuple(free),
            verbose=False,
        )
    forget_origins(program)
    path = folder / f"{graph.name}.onnx"
    program.save(path, external_data=True)
    onnx.checker.check_model(str(path), full_check=True)


def forget_origins(program: torch.onnx.ONNXProgram) -> None:
    """Drops where in the source each node came from, paths of this machine among it."""
    model = program.model
    for holder in (model, model.graph, *model.graph.inputs, *model.graph.outputs, *model.graph.initializers.values()):
        holder.metadata_props.clear()
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
        for value in node.outputs:
            value.metadata_props.clear()
