"""The noise schedule and the solver's one step: noisy = (1 - sigma) * clean + sigma * noise."""

import numpy as np


def make_sigmas(num_inference_steps: int, shift: float) -> np.ndarray:
    """float64 [steps + 1], from 1 down to a final 0; sigma' = shift s / (1 + (shift - 1) s)."""
    sigmas = np.linspace(1, 0, num_inference_steps + 1)
    return shift * sigmas / (1 + (shift - 1) * sigmas)


def euler_step(latents, velocity, sigma: float, sigma_next: float):
    """One step down in sigma along velocity = noise - clean."""
    return latents + (sigma_next - sigma) * velocity


def step_towards(latents, clean, sigma: float, sigma_next: float):
    """The same step towards clean latents; at sigma_next 0 it arrives at them."""
    return clean + (sigma_next / sigma) * (latents - clean)


def guide(unconditional, conditional, guidance_scale: float):
    """Classifier-free guidance; scale 1 is the conditional velocity."""
    return unconditional + guidance_scale * (conditional - unconditional)
