"""A picture of what a package draws: a row a prompt, eight frames spread over its clip. Prompts and seeds are the evaluation's first."""

from pathlib import Path

import cv2
import numpy as np

from captions import eval_prompts
from variants import CHUNK, VARIANTS, Maker
from world import SIDE

ROWS = {"single": 5, "two": 2, "synonyms": 2, "change": 3}
COLUMNS, LABEL_HEIGHT, CHUNKS = 8, 18, 6
PROMPT_SEED = 80


def draw_sheet(maker: Maker, path: Path) -> None:
    rows = []
    for number, (kind, count) in enumerate(ROWS.items()):
        for row, (scene, prompt) in enumerate(eval_prompts(count, PROMPT_SEED + number, kind)):
            frames = maker.make(VARIANTS["package"], scene, prompt, CHUNKS * CHUNK, row)
            shown = frames[np.linspace(0, len(frames) - 1, COLUMNS).astype(int)]
            told = list(dict.fromkeys(maker.prompts(scene, prompt, CHUNKS)))
            rows += [label(" / ".join(told)), np.concatenate(list(shown), 1)]
    if not cv2.imwrite(str(path), cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR)):
        raise OSError(f"{path} could not be written")


def label(text: str) -> np.ndarray:
    strip = np.full((LABEL_HEIGHT, COLUMNS * SIDE, 3), 255, np.uint8)
    return cv2.putText(strip, text, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
