"""model.json as the worker reads it, and the licence beside it."""

import hashlib
from pathlib import Path

from config import ModelConfig

GRAPHS = ("text_encoder", "anchor_encoder", "cam_encoder", "denoiser", "refiner", "vae_decoder", "vae_encoder")
SHARED_WEIGHTS = "denoiser.weights"
STRIDE = 8  # pixels of the refined picture to one cell

DESCRIPTION = (
    "A small streaming text-to-video model of a storybook world: 48 things with names, eight colours, ten places by day and night, "
    "ten motions. Its denoiser, refiner and autoencoder were trained from scratch on clips drawn by program; its text encoder is "
    "all-MiniLM-L6-v2. It draws nothing outside that world."
)
LICENCE_NOTE = """Everframe Storybook 1: weights, lists and golden numbers

Licensed under the Apache License, Version 2.0 (the repository's LICENSE file;
http://www.apache.org/licenses/LICENSE-2.0).

The training clips were drawn by the programs in models/ from drawings of Fluent UI Emoji
(Microsoft, MIT licence), as the npm package @iconify-json/fluent-emoji-flat carries them. The
drawings are training material; none of them is in this package.

text_encoder.onnx holds the weights of all-MiniLM-L6-v2 (sentence-transformers, Apache License 2.0),
stored as int8; vocab.txt is its vocabulary, which is BERT's (Google, Apache License 2.0).

near_words.json was made with WordNet 3.1 (Princeton University, WordNet License), whose text is not in it.
"""


def describe_package(config: ModelConfig, folder: Path, schedule: dict, version: str, notes: dict) -> dict:
    files = {name: f"{name}.onnx" for name in GRAPHS}
    files |= {"vocabulary": "vocab.txt", "world": "world.json", "known_words": "known_words.json", "near_words": "near_words.json"}
    files |= {"denoiser_weights": SHARED_WEIGHTS}
    manifest = {
        "format_version": 2,
        "name": config.name,
        "title": "Everframe Storybook 1",
        "version": version,
        "family": "streaming-t2v",
        "licence": "Apache-2.0",
        "description": DESCRIPTION,
        "fps": config.fps,
        "sizes": [f"{config.refined_side * STRIDE}x{config.refined_side * STRIDE}"],
        "seconds": {"min": 1, "max": 600, "default": 4},
        "latent": {
            "channels": config.latent_channels,
            "height": config.latent_side,
            "width": config.latent_side,
            "frames_per_latent": config.frames_per_latent,
        },
        "chunk": {
            "latent_frames": config.chunk_frames,
            "overlap_latent_frames": config.overlap_frames,
            "anchor_latent_frame": config.anchor_frame,
        },
        "text": {"max_tokens": config.max_tokens, "width": config.text_width},
        "denoiser": {"width": config.width, "blocks": config.blocks},
        "refiner": {
            "latent_height": config.refined_side,
            "latent_width": config.refined_side,
            "chunk_latent_frames": config.refiner_chunk_frames,
            "overlap_latent_frames": config.refiner_overlap_frames,
            "num_inference_steps": config.refiner_steps,
            "shift": config.refiner_shift,
            "reads_text": True,
        },
        "decoder": {"spatial_stride": STRIDE, "context_latent_frames": 1},
        "schedule": schedule,
        "price_micro_usd_per_second": 1000,
        "training": notes.get("training", {}),
        "files": {name: describe_file(folder, path) for name, path in files.items()},
    }
    if "evaluation" in notes:
        manifest["evaluation"] = notes["evaluation"]
    return manifest


def describe_file(folder: Path, path: str) -> dict:
    content = (folder / path).read_bytes()
    return {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
