"""Our modules against the published classes, with the same random numbers, at small widths: prints the largest difference of each.

Needs the checkout and the pinned libraries that list_published_keys.py names; no test runs it.

    PYTHONPATH=pinned:. python -m streamingt2v.compare_with_published --source published
"""

import argparse
import importlib
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from streamingt2v.apm import AnchorEmbedder
from streamingt2v.clip import ImageTower, TextEncoder
from streamingt2v.config import PublishedConfig
from streamingt2v.feature_extractor import FeatureExtractor
from streamingt2v.list_published_keys import REFINER_FILE, TEXT, VAE, import_refiner, stand_in, stand_in_unused
from streamingt2v.refinement import Refinement, refine
from streamingt2v.refiner import RefinerUNet
from streamingt2v.unet import UNet3D
from streamingt2v.vae import FrameDecoder, FrameEncoder

# 1024 and 77 + 16 stand in the published code itself, the 64 of its mergers too
SMALL = PublishedConfig(widths=(64, 128), text_layers=2, image_layers=2, image_width=160, image_heads=2, decoder_widths=(32, 64), latent_side=4, vocabulary=50)
UNET = {
    "block_out_channels": SMALL.widths,
    "down_block_types": ("CrossAttnDownBlock3D", "DownBlock3D"),
    "up_block_types": ("UpBlock3D", "CrossAttnUpBlock3D"),
    "attention_head_dim": 64,
    "cross_attention_dim": 1024,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, required=True, help="checkout of the branch StreamingModelscope")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sys.path[:0] = [str(args.source), str(args.source / "t2v_enhanced")]
    stand_in_unused()
    with torch.no_grad():
        for name, theirs, ours in compare(args.source):
            print(f"{name}: largest difference {float((theirs - ours).abs().max()):.2e}, deviation of the published {float(theirs.std()):.3f}", flush=True)


def compare(source: Path):
    import diffusers
    import open_clip
    import transformers
    from t2v_enhanced.model.diffusers_conditional.models.controlnet import controlnet, image_embedder, processor, unet_3d_condition
    from t2v_enhanced.model.pl_module_params_controlnet import AttentionMaskParams

    processor.xformers = types.SimpleNamespace(ops=types.SimpleNamespace(memory_efficient_attention=plain_attention))
    settings = types.SimpleNamespace(use_of=False, concat=False, use_image_tokens_main=True, use_image_tokens_ctrl=False)
    settings.image_encoder = type("FrozenOpenCLIPImageEmbedder", (), {})()
    base = unet_3d_condition.UNet3DConditionModel(**UNET, merging_mode="attention_cross_attention", use_image_embedding=True, unet_params=settings)
    cam = controlnet.ControlNetModel.from_unet(
        unet=base,
        load_weights_from_unet=False,
        conditioning_embedding_out_channels=SMALL.frame_widths,
        num_frames=8,
        num_frame_conditioning=8,
        frame_expansion="none",
        zero_conv_mode="Identity",
        merging_mode="addition",
        condition_encoder="",
        unet_params=settings,
    )
    for model in (base, cam):
        processor.set_use_memory_efficient_attention_xformers(model, num_frame_conditioning=8, num_frames=16, attention_mask_params=AttentionMaskParams())
    latents, timestep, context = torch.randn(2, 4, 16, 4, 4), torch.tensor([17, 801]), torch.randn(2, 93, 1024)
    frames = torch.rand(16, 3, 32, 32) * 2 - 1

    ours = copy(randomise(cam), FeatureExtractor(SMALL))
    skips, middle = cam(latents, timestep, context, controlnet_cond=frames, return_dict=False)
    frame_features = ours.controlnet_cond_embedding(frames).unflatten(0, (2, 8))
    features = ours(latents[:, :, :8], timestep, context[:, :77], frame_features)
    for number, (theirs, feature) in enumerate(zip((*skips, middle), features, strict=True)):
        yield f"CAM feature {number}", theirs, feature.transpose(1, 2).flatten(0, 1)
    ours = copy(randomise(base), UNet3D(SMALL, streaming=True))
    theirs = base(latents, timestep, context, down_block_additional_residuals=list(skips), mid_block_additional_residual=middle).sample
    yield "denoiser with CAM and APM", theirs, ours(latents, timestep, context, features)

    first = randomise(diffusers.UNet3DConditionModel(**UNET))
    theirs = first(latents, timestep, context[:, :77]).sample
    yield "first stage", theirs, copy(first, UNet3D(SMALL, streaming=False))(latents, timestep, context[:, :77])

    embedder = randomise(image_embedder.ImgEmbContextResampler())
    vector = torch.randn(2, 1024)
    yield "anchor embedder", embedder(vector, batch_size=2), copy(embedder, AnchorEmbedder(SMALL))(vector)

    tower = randomise(open_clip.model._build_vision_tower(1024, {"image_size": 224, "layers": 2, "width": 160, "head_width": 80, "patch_size": 14}))
    ours = copy(tower, ImageTower(SMALL))
    picture = torch.rand(2, 3, 64, 64) * 2 - 1
    yield "image tower", tower(ours.prepare(picture)), ours(picture)

    text = randomise(transformers.CLIPTextModel(transformers.CLIPTextConfig(**TEXT | {"num_hidden_layers": 2, "vocab_size": 50})))
    ids = torch.randint(50, (2, 77))
    yield "text encoder", text(ids)[0], copy(text, TextEncoder(SMALL))(ids)

    levels = {"block_out_channels": SMALL.decoder_widths, "down_block_types": VAE["down_block_types"][:2], "up_block_types": VAE["up_block_types"][:2]}
    autoencoder = randomise(diffusers.AutoencoderKL(**VAE | levels))
    latents = torch.randn(2, 4, 8, 8)
    theirs = (autoencoder.decode(latents / SMALL.scaling_factor).sample / 2 + 0.5).clamp(0, 1)
    yield "frame decoder", theirs, copy(autoencoder, FrameDecoder(SMALL))(latents)
    pictures = torch.rand(2, 3, 16, 16) * 2 - 1
    wanted = autoencoder.encode(pictures).latent_dist
    mean, deviation = copy(autoencoder, FrameEncoder(SMALL))(pictures)
    yield "frame encoder's mean", wanted.mean * SMALL.scaling_factor, mean
    yield "frame encoder's deviation", wanted.std * SMALL.scaling_factor, deviation

    published = import_refiner(source)
    published.xformers.ops.memory_efficient_attention = lambda query, key, value, attn_bias, op: plain_attention(query, key, value, scale=64**-0.5)
    # The first level attends, the last does not, as in the published; 6 rows become 4, and 6 again
    unet = randomise(published.Vid2VidSDUNet(dim=64, dim_mult=[1, 2], attn_scales=[1.0]))
    latents, text = torch.randn(2, 4, 5, 6, 8), torch.randn(2, 77, 1024)
    yield "refiner", unet(latents, timestep, text), copy(unet, RefinerUNet(SMALL))(latents, timestep, text)
    yield "refinement's solver", *compare_refinement(source)


def compare_refinement(source: Path) -> tuple[Tensor, Tensor]:
    """Both with the same noise, and chunks of which one frame overlaps, so that there is nothing to draw."""
    folder = types.ModuleType("sdedit")
    folder.__path__ = [str(source / REFINER_FILE.replace("modules/unet_v2v.py", "utils"))]
    sys.modules["sdedit"] = folder
    stand_in("torchsde")
    solvers = importlib.import_module("sdedit.solvers_sdedit")
    schedules = importlib.import_module("sdedit.schedules_sdedit")
    published = importlib.import_module("sdedit.diffusion_sdedit")
    generator = np.random.default_rng(0)
    noises = generator.standard_normal((31, 1, 2, 7, 3, 3))
    step_noises = iter(noises[1:])
    solvers.BrownianTreeNoiseSampler = lambda *args, **kwargs: lambda now, then: torch.from_numpy(next(step_noises))
    sigmas = schedules.noise_schedule(n=1000, zero_terminal_snr=True, scale_min=2.0, scale_max=4.0)
    diffusion = published.GaussianDiffusion_SDEdit(sigmas=sigmas.double(), prediction_type="v")
    clean = torch.from_numpy(generator.standard_normal((1, 2, 7, 3, 3)))
    answer = lambda x, t, y: torch.sin(x * y + t[0] / 1000)
    noisy = diffusion.diffuse(clean, torch.tensor([599]), torch.from_numpy(noises[0]))
    theirs = diffusion.sample(
        noise=noisy,
        model=answer,
        model_kwargs=[{"y": 1.3}, {"y": 0.9}],
        guide_scale=7.5,
        guide_rescale=0.2,
        solver="dpmpp_2m_sde",
        steps=30,
        t_max=599,
        t_min=0,
        discretization="trailing",
        chunk_size=4,
        overlap_size=1,
        seed=0,
    )
    told = types.SimpleNamespace(standard_normal=lambda shape, left=iter(noises): next(left), integers=lambda bound: 0)
    both = lambda x, timestep: tuple(np.sin(x * y + timestep / 1000) for y in (1.3, 0.9))
    return theirs, torch.from_numpy(refine(clean.numpy(), both, Refinement(chunk_frames=4, overlap_frames=1), told))


def plain_attention(query: Tensor, key: Tensor, value: Tensor, attn_bias=None, op=None, scale=None) -> Tensor:
    return (query @ key.transpose(1, 2) * scale).softmax(-1) @ value


def randomise(module: nn.Module) -> nn.Module:
    """Also what the published code starts at zero."""
    for value in module.parameters():
        fan = value[0].numel() if value.dim() > 1 else 25
        value.copy_(torch.randn_like(value) * fan**-0.5 + (value.dim() == 1))
        if value.dim() == 0:
            value.fill_(0.7)
    return module.eval()


def copy(theirs: nn.Module, ours: nn.Module) -> nn.Module:
    state = theirs.state_dict()
    ours.load_state_dict({name: state[name] for name in ours.state_dict()})
    return ours.eval()


if __name__ == "__main__":
    main()
