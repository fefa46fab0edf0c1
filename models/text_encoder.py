"""Prompts to token states: the pretrained sentence model all-MiniLM-L6-v2, frozen, as the worker runs it.

Training reads the very graph that the package ships, so a denoiser never sees other numbers than
it will be given. `build_text_encoder.py` makes the graph. The absence of a prompt is the prompt "".
"""

from pathlib import Path

import numpy as np
import onnxruntime

from word_piece import MAX_TOKENS, tokenize

__all__ = ["MAX_TOKENS", "TEXT_WIDTH", "TextEncoder", "tokenize"]

TEXT_WIDTH = 384
BATCH = 64


class TextEncoder:
    def __init__(self, path: Path | str, threads: int = 1):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def encode(self, prompts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Token states float16 [N, 32, 384], zero behind the last token; mask float32 [N, 32], 1 where there is a token."""
        states = np.zeros((len(prompts), MAX_TOKENS, TEXT_WIDTH), np.float16)
        mask = np.zeros((len(prompts), MAX_TOKENS), np.float32)
        for start in range(0, len(prompts), BATCH):
            ids = np.array([tokenize(prompt) for prompt in prompts[start : start + BATCH]], np.int64)
            states[start : start + BATCH], mask[start : start + BATCH] = self.session.run(["text", "text_mask"], {"token_ids": ids})
        return states, mask
