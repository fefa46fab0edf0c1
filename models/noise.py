"""Noise by counter: the twin of gpu-worker's noise.ts, which says how keys are made. Words are equal, normals to float32 rounding."""

import numpy as np

STAGES = {"stream": 0, "refine": 1}
PURPOSES = {"initial_latents": 0, "blend_offset": 1}

ROUNDS = 10
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = 0x9E3779B9, 0xBB67AE85
LOW = np.uint64(0xFFFFFFFF)


def draw_normals(seed: int, stage: str, index: int, count: int) -> np.ndarray:
    """`count` standard normals, float32: the initial latents of chunk or latent frame `index`."""
    words = philox(np.arange(-(-count // 4)), 0, index, key_of(seed, stage, "initial_latents"))
    uniforms = (words.astype(np.float64) + 0.5) / 2**32
    radius = np.sqrt(-2 * np.log(uniforms[:, 0::2]))
    angle = 2 * np.pi * uniforms[:, 1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).reshape(-1)[:count].astype(np.float32)


def draw_below(seed: int, stage: str, index: int, step: int, bound: int) -> int:
    """A whole number from 0 to bound - 1; 0 where there is no choice."""
    word = philox(np.zeros(1), step, index, key_of(seed, stage, "blend_offset"))[0, 0]
    return int(word / 2**32 * bound)


def key_of(seed: int, stage: str, purpose: str) -> tuple[int, int]:
    return seed, STAGES[stage] * 0x10000 + PURPOSES[purpose]


def philox(blocks: np.ndarray, step: int, index: int, key: tuple[int, int]) -> np.ndarray:
    """Philox4x32-10: uint32 words [N, 4] of the counters (block, step, index, 0)."""
    c0 = blocks.astype(np.uint64)
    c1, c2, c3 = (np.full_like(c0, value) for value in (step, index, 0))
    k0, k1 = key
    for _ in range(ROUNDS):
        first, second = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1 = (second >> np.uint64(32)) ^ c1 ^ np.uint64(k0), second & LOW
        c2, c3 = (first >> np.uint64(32)) ^ c3 ^ np.uint64(k1), first & LOW
        k0, k1 = (k0 + WEYL[0]) % 2**32, (k1 + WEYL[1]) % 2**32
    return np.stack([c0, c1, c2, c3], -1).astype(np.uint32)
