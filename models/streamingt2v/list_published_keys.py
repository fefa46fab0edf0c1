"""Writes published_keys.txt: what the published classes themselves say that their checkpoints hold.

Builds the classes of the published StreamingT2V code and of the libraries that its requirements.txt
pins, without numbers (meta device), in the shape of its configuration file, and lists their state.
Knows nothing of our own modules. Needs no network; only whoever renews the list runs it:

    git clone --branch StreamingModelscope https://github.com/Picsart-AI-Research/StreamingT2V published
    pip install --no-deps --target pinned diffusers==0.27.2 transformers==4.39.3 tokenizers==0.15.2 \\
        huggingface_hub==0.21.4 open-clip-torch==2.24.0 einops==0.7.0 safetensors regex requests ftfy timm ...
    PYTHONPATH=pinned:. python -m streamingt2v.list_published_keys --source published
"""

import argparse
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
import types
import warnings
from pathlib import Path

import torch
import yaml

from streamingt2v.layout import LAYOUT_FILE, fold

# The pipeline's own vae/config.json and text_encoder/config.json, which are Stable Diffusion 2's
VAE = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "norm_num_groups": 32,
}
TEXT = {
    "vocab_size": 49408,
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
    "max_position_embeddings": 77,
    "hidden_act": "gelu",
    "projection_dim": 512,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, required=True, help="checkout of the branch StreamingModelscope")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.path[:0] = [str(args.source), str(args.source / "t2v_enhanced")]
    stand_in_unused()
    with torch.device("meta"):
        models = build_models(args.source)
    lines = [f"# Written by list_published_keys.py from {', '.join(versions())}; read by layout.py."]
    for part, (prefixes, source) in PARTS.items():
        shapes = {f"{'' if prefix in BARE else prefix}{name}": tuple(value.shape) for prefix in prefixes for name, value in models[prefix].state_dict().items()}
        lines += ["", f"[{part}] {len(shapes)} tensors; {source}", *fold(shapes)]
    LAYOUT_FILE.write_text("\n".join(lines) + "\n")


# Prefixes in the order in which VideoLDM.__init__ (model/video_ldm.py) assigns its modules
PARTS = {
    "streaming_t2v": (
        ("resampler.", "image_encoder.", "text_encoder.", "vae.", "unet.", "base_model."),
        "modules of VideoLDM, whose state_dict() the checkpoint's `state_dict` is (model_init.py loads it strictly)",
    ),
    "first_stage": (("",), "diffusers UNet3DConditionModel in its default shape, which is that of text-to-video-ms-1.7b"),
    "refiner": (("refiner.",), "modules of Vid2VidSDUNet, whose state_dict() is that of damo/Video-to-Video (video_to_video_model.py loads it strictly)"),
}
# Of parts that are a file of their own
BARE = ("refiner.",)
REFINER_FILE = "t2v_enhanced/thirdparty/modelscope/models/multi_modal/video_to_video/modules/unet_v2v.py"


def build_models(source: Path) -> dict[str, torch.nn.Module]:
    import diffusers
    import open_clip
    import transformers
    from t2v_enhanced.model.diffusers_conditional.models.controlnet import controlnet, image_embedder, unet_3d_condition

    settings = yaml.safe_load((source / "t2v_enhanced/configs/text_to_video/config.yaml").read_text())
    unet = settings["model"]["unet_params"]["init_args"]
    wanted = types.SimpleNamespace(**unet)
    wanted.image_encoder = image_embedder.AbstractEncoder()
    base = unet_3d_condition.UNet3DConditionModel(
        sample_size=32,
        merging_mode=unet["merging_mode_base"],
        use_image_embedding=unet["use_resampler"] and unet["use_image_tokens_main"],
        unet_params=wanted,
    )
    cam = controlnet.ControlNetModel.from_unet(
        unet=base,
        load_weights_from_unet=False,
        conditioning_embedding_out_channels=unet["conditioning_embedding_out_channels"],
        downsample_controlnet_cond=unet["downsample_controlnet_cond"],
        num_frames=unet["num_control_input_frames"],
        num_frame_conditioning=unet["num_control_input_frames"],
        frame_expansion=unet["frame_expansion"],
        zero_conv_mode=unet["zero_conv_mode"],
        merging_mode=unet["merging_mode"],
        condition_encoder=unet["condition_encoder"],
        use_controlnet_mask=unet["use_controlnet_mask"],
        use_image_embedding=unet["use_resampler"] and unet["use_image_tokens_ctrl"],
        use_image_encoder_normalization=unet["use_image_encoder_normalization"],
        unet_params=wanted,
    )
    tower = open_clip.create_model(unet["image_encoder_obj"]["init_args"]["arch"], pretrained=None, device="meta")
    del tower.transformer  # FrozenOpenCLIPImageEmbedder.__init__ does so
    return {
        "resampler.": image_embedder.ImgEmbContextResampler(),
        "image_encoder.": torch.nn.ModuleDict({"model": tower}),
        "text_encoder.": transformers.CLIPTextModel(transformers.CLIPTextConfig(**TEXT)),
        "vae.": diffusers.AutoencoderKL(**VAE),
        "unet.": cam,
        "base_model.": base,
        "": diffusers.UNet3DConditionModel(),
        "refiner.": import_refiner(source).Vid2VidSDUNet(),
    }


def import_refiner(source: Path) -> types.ModuleType:
    """Its file alone; what the package around it imports is not needed."""
    for name in ("xformers", "xformers.ops", "fairscale", "fairscale.nn", "fairscale.nn.checkpoint", "rotary_embedding_torch"):
        stand_in(name)
    sys.modules["xformers"].ops = sys.modules["xformers.ops"]
    sys.modules["fairscale.nn.checkpoint"].checkpoint_wrapper = lambda module: module
    sys.modules["rotary_embedding_torch"].RotaryEmbedding = None
    spec = importlib.util.spec_from_file_location("unet_v2v", source / REFINER_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def versions() -> list[str]:
    return [f"{name} {importlib.metadata.version(name)}" for name in ("diffusers", "transformers", "open_clip_torch")]


def stand_in_unused() -> None:
    """Of what the published code imports and these modules never call: a resizer of pictures, a training loop."""
    stand_in("kornia")
    stand_in("pytorch_lightning")
    sys.modules["pytorch_lightning"].LightningModule = torch.nn.Module


def stand_in(name: str) -> None:
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    sys.modules[name] = module


if __name__ == "__main__":
    main()
