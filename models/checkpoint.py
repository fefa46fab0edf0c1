"""One file with everything a later run needs to go on; written whole, then renamed into place."""

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
