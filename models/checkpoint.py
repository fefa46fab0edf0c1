"""One file with everything a later run needs to go on; written whole, then renamed into place.

`python checkpoint.py SOURCE TARGET` writes a small copy to keep: the averaged weights in float16, without
the optimisers' state. A stage started from it begins at the average, with fresh momentum.
"""

import sys
from pathlib import Path

import torch


class Checkpoint:
    def __init__(self, path: Path):
        self.path = path
        self.state = torch.load(path, map_location="cpu", weights_only=True) if path.exists() else {}

    def get(self, name: str, default=None):
        return self.state.get(name, default)

    def put(self, **values) -> None:
        self.state.update(values)
        unfinished = self.path.with_suffix(".unfinished")
        torch.save(self.state, unfinished)
        unfinished.rename(self.path)


def keep_weights(source: Path, target: Path) -> None:
    state = Checkpoint(source).state
    kept = {name: state[name] for name in ("autoencoder", "average", "refiner_average")}
    halved = {name: {key: value.half() for key, value in weights.items()} for name, weights in kept.items()}
    torch.save({**halved, "history": state.get("history")}, target)


if __name__ == "__main__":
    keep_weights(Path(sys.argv[1]), Path(sys.argv[2]))
