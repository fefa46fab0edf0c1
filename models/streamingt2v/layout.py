"""The published checkpoints' layout: names and shapes, folded so that repeated layers take one line.

A line is a module and its tensors, as `vae.decoder.up_blocks.{0-1}.upsamplers.0.conv weight=512x512x3x3
bias=512`: a number in braces stands for each of its values. `[part] source` starts a part.
"""

import re
from pathlib import Path

LAYOUT_FILE = Path(__file__).with_name("published_keys.txt")
Shape = tuple[int, ...]


def read_layout(part: str, path: Path = LAYOUT_FILE) -> dict[str, Shape]:
    """Names and shapes of one part: `streaming_t2v` or `first_stage`."""
    found, inside = {}, False
    for line in path.read_text().splitlines():
        if line.startswith("["):
            inside = line.startswith(f"[{part}]")
        elif inside and line and not line.startswith("#"):
            module, *tensors = line.split(" ")
            for tensor in tensors:
                leaf, shape = tensor.split("=")
                found |= {f"{name}.{leaf}": parse_shape(shape) for name in unfold(module)}
    if not found:
        raise ValueError(f"{path.name} has no part [{part}]")
    return found


def write_shape(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "scalar"


def parse_shape(text: str) -> Shape:
    return () if text == "scalar" else tuple(int(size) for size in text.split("x"))


def fold(shapes: dict[str, Shape]) -> list[str]:
    """Lines, names that differ in one number only sharing one, last numbers first."""
    rows = {tuple(name.split(".")): shape for name, shape in shapes.items()}
    for place in range(max(map(len, rows)) - 1, -1, -1):
        groups: dict[tuple, list[str]] = {}
        for name, shape in rows.items():
            folds = place < len(name) and name[place].isdigit()
            key = (*name[:place], None, *name[place + 1 :]) if folds else name
            groups.setdefault((key, shape), []).append(name[place] if folds else "")
        rows = {tuple(braces(values) if piece is None else piece for piece in key): shape for (key, shape), values in groups.items()}
    modules: dict[str, list[str]] = {}
    for name, shape in rows.items():
        modules.setdefault(".".join(name[:-1]), []).append(f"{name[-1]}={write_shape(shape)}")
    return [" ".join([module, *tensors]) for module, tensors in modules.items()]


def braces(values: list[str]) -> str:
    numbers = sorted(map(int, values))
    if len(numbers) == 1:
        return str(numbers[0])
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{{{numbers[0]}-{numbers[-1]}}}"
    return f"{{{','.join(map(str, numbers))}}}"


def unfold(name: str) -> list[str]:
    match = re.search(r"\{([\d,-]+)\}", name)
    if not match:
        return [name]
    if "-" in match[1]:
        first, last = map(int, match[1].split("-"))
        values = range(first, last + 1)
    else:
        values = match[1].split(",")
    return [expanded for value in values for expanded in unfold(f"{name[: match.start()]}{value}{name[match.end() :]}")]
