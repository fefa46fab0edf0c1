"""A checkpoint to keep in the repository: what the shipped package already holds is named there, not stored a second time.

`keep` writes the averaged weights of a checkpoint without the optimisers' state; each weight that the package's graphs store
(in float16, some turned for a matrix product) is found by its content. `restore` makes the whole checkpoint again, in
float16. A stage started from that begins at the average, with fresh momentum.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

GROUPS = ("autoencoder", "average", "refiner_average")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["keep", "restore"])
    parser.add_argument("checkpoint", type=Path, help="the whole one: read by keep, written by restore")
    parser.add_argument("--package", type=Path, required=True, help="exported from the checkpoint's average")
    parser.add_argument("--kept", type=Path, required=True, help="the small file: written by keep, read by restore")
    args = parser.parse_args()
    if args.action == "keep":
        torch.save(keep(torch.load(args.checkpoint, map_location="cpu", weights_only=True), args.package), args.kept)
    else:
        torch.save(restore(torch.load(args.kept, map_location="cpu", weights_only=True), args.package), args.checkpoint)


def keep(state: dict, package: Path) -> dict:
    """`places` says for each weight found in the package: graph, name in it, whether it is turned, shape; the rest is kept as it is."""
    names = {content_key(tensor): name for name, tensor in read_weights(package).items()}
    kept = {"package_version": read_version(package), "history": state.get("history"), "places": {}}
    for group in GROUPS:
        kept[group], kept["places"][group] = {}, {}
        for name, value in state[group].items():
            half = value.half()
            straight, turned = (names.get(content_key(tensor)) for tensor in (half.numpy(), matrix(half.numpy()).T))
            if straight or turned:
                kept["places"][group][name] = (*(straight or turned), straight is None, list(half.shape))
            else:
                kept[group][name] = half
    return kept


def restore(kept: dict, package: Path) -> dict:
    if read_version(package) != kept["package_version"]:
        sys.exit(f"{package} is version {read_version(package)}; the kept weights belong to {kept['package_version']}: take both from one commit")
    weights = read_weights(package)
    state = {"history": kept["history"], **{group: dict(kept[group]) for group in GROUPS}}
    for group, places in kept["places"].items():
        for name, (graph, stored, turned, shape) in places.items():
            tensor = weights[graph, stored]
            state[group][name] = torch.from_numpy((tensor.T if turned else tensor).reshape(shape).copy())
    return state


def read_weights(package: Path) -> dict[tuple[str, str], np.ndarray]:
    return {
        (path.name, weight.name): numpy_helper.to_array(weight, str(package))
        for path in sorted(package.glob("*.onnx"))
        for weight in onnx.load(path).graph.initializer
        if weight.data_type == onnx.TensorProto.FLOAT16
    }


def read_version(package: Path) -> str:
    return json.loads((package / "model.json").read_text())["version"]


def matrix(tensor: np.ndarray) -> np.ndarray:
    return tensor.reshape(len(tensor), -1) if tensor.ndim else tensor


def content_key(tensor: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return tensor.shape, np.ascontiguousarray(tensor).tobytes()


if __name__ == "__main__":
    main()
