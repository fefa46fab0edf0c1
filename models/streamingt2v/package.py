"""A package's folder: written aside and renamed, never half there; each graph's numbers are in memory alone."""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from streamingt2v.config import PublishedConfig
from streamingt2v.diffusers_folder import COPIED
from streamingt2v.graphs import Graph
from streamingt2v.weights import PREFIXES, CheckpointError, Weights
from streamingt2v.write_graph import write_graph


def write_package(package: Path, base: Path, graphs: Sequence[Graph], config: PublishedConfig, load: Callable[[Graph], nn.Module], name: str, describe: Callable[[dict], dict], note: str) -> None:
    """@param describe the manifest, called `name` in the folder, of what is known of its files"""
    check_disk(package, package_bytes(config, graphs))
    folder = package.with_name(package.name + ".unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for graph in graphs:
        print(f"{graph.name}.onnx", file=sys.stderr)
        write_graph(graph, load(graph), config, folder)
    for path in COPIED.values():
        shutil.copy(base / path, folder / Path(path).name)
    (folder / "LICENSE").write_text(note + "\n")
    files = describe_files(folder, graphs)
    (folder / name).write_text(json.dumps(describe(files), indent=2) + "\n")
    # Weights are written for their owner alone, but a worker is another user
    for path in folder.iterdir():
        path.chmod(0o644)
    shutil.rmtree(package, ignore_errors=True)
    folder.rename(package)
    print(json.dumps({key: entry["bytes"] for key, entry in files.items()}))


def load_module(graph: Graph, config: PublishedConfig, sources: dict[str, Weights]) -> nn.Module:
    """The graph's module with its numbers. `sources` has a file for a part, or for all others under `streaming_t2v`."""
    with torch.device("meta"):
        module = graph.build(config)
    for part, child in module.named_children():
        if part in sources:
            sources[part].fill(child, "")
        else:
            sources["streaming_t2v"].fill(child, PREFIXES[part])
    return module.eval()


def describe_files(folder: Path, graphs: Sequence[Graph]) -> dict:
    files = {}
    for graph in graphs:
        files[graph.name] = describe_file(folder, f"{graph.name}.onnx")
        files[f"{graph.name}_weights"] = describe_file(folder, f"{graph.name}.onnx.data")
    return files | {name: describe_file(folder, Path(path).name) for name, path in COPIED.items()}


def describe_file(folder: Path, path: str) -> dict:
    with open(folder / path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return {"path": path, "sha256": digest.hexdigest(), "bytes": (folder / path).stat().st_size}


def package_bytes(config: PublishedConfig, graphs: Sequence[Graph]) -> int:
    """Two bytes a parameter, and a hundredth for the graphs themselves and the tokenizer."""
    with torch.device("meta"):
        parameters = [sum(value.numel() for value in graph.build(config).parameters()) for graph in graphs]
    # Each graph is traced aside before it is moved
    return (sum(parameters) + max(parameters)) * 2 * 101 // 100


def check_disk(package: Path, wanted: int) -> None:
    existing = next(folder for folder in package.absolute().parents if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < wanted:
        raise CheckpointError(f"{package}: needs {wanted / 1e9:.1f} GB free on its disk, which has {free / 1e9:.1f} GB; make room or name another --package")
