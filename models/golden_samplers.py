"""Expected numbers for the worker's samplers, from an implementation that is not ours.

`pip install diffusers` beside torch, then `python golden_samplers.py`. The stand-in for a network is
0.8 * sin(1.3 * x + told), where told is sigma, or the timestep by the number of timesteps. Latents begin
as 2 * sin(0.37 * i), and the noise of step n is cos(0.91 * i + n).
"""

import json
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler

OUTPUT = Path(__file__).parent.parent / "gpu-worker/src/generation/samplers.golden.json"
SIZE = 8
TRAIN_TIMESTEPS = 1000
INDEX = torch.arange(SIZE, dtype=torch.float64)
CURVES = {"linear": {"start": 0.0085, "end": 0.012}, "scaled-linear": {"start": 0.00085, "end": 0.012}}
PREDICTIONS = {"epsilon": "epsilon", "v": "v_prediction"}


def network(latents: torch.Tensor, told: float) -> torch.Tensor:
    return 0.8 * torch.sin(1.3 * latents + told)


def run(scheduler, **extra) -> list[float]:
    """The latents after the last step."""
    latents = 2 * torch.sin(0.37 * INDEX)
    for step, timestep in enumerate(scheduler.timesteps):
        noise = {"variance_noise": torch.cos(0.91 * INDEX + step)} if "eta" in extra else {}
        latents = scheduler.step(network(latents, timestep.item() / TRAIN_TIMESTEPS), timestep, latents, **extra, **noise).prev_sample
    return latents.tolist()


def flow_cases() -> list[dict]:
    cases = []
    for steps, shift in ((8, 1.0), (8, 3.0), (5, 2.0), (20, 3.0)):
        euler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=TRAIN_TIMESTEPS, shift=shift)
        euler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps))
        cases.append({"sampler": "euler", "num_inference_steps": steps, "shift": shift, "sigmas": euler.sigmas.tolist(), "latents": run(euler)})
        # Its own sigmas begin below 1; the same solver on ours begins at pure noise
        own = DPMSolverMultistepScheduler(num_train_timesteps=TRAIN_TIMESTEPS, prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)
        own.set_timesteps(steps)
        ours = DPMSolverMultistepScheduler(num_train_timesteps=TRAIN_TIMESTEPS, prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)
        ours.set_timesteps(steps)
        ours.sigmas, ours.timesteps = euler.sigmas, euler.sigmas[:-1] * TRAIN_TIMESTEPS
        for solver in (own, ours):
            solver.timesteps = solver.sigmas[:-1].double() * TRAIN_TIMESTEPS
            cases.append({"sampler": "dpm-solver-2m", "num_inference_steps": steps, "shift": shift, "sigmas": solver.sigmas.tolist(), "latents": run(solver)})
    return cases


def beta_cases() -> list[dict]:
    cases = []
    for curve, bounds in CURVES.items():
        for prediction, prediction_type in PREDICTIONS.items():
            for spacing in ("leading", "trailing"):
                common = dict(num_train_timesteps=TRAIN_TIMESTEPS, beta_start=bounds["start"], beta_end=bounds["end"], beta_schedule=curve.replace("-", "_"), prediction_type=prediction_type, timestep_spacing=spacing, steps_offset=1)
                betas = {"curve": curve, **bounds, "train_timesteps": TRAIN_TIMESTEPS, "prediction": prediction, "spacing": spacing}
                for steps in (5, 20):
                    ddim = DDIMScheduler(**common, clip_sample=False, set_alpha_to_one=True)
                    ddim.set_timesteps(steps)
                    timesteps = ddim.timesteps.tolist()
                    case = {"num_inference_steps": steps, "betas": betas, "timesteps": timesteps}
                    for eta in (0.0, 0.5, 1.0):
                        cases.append({**case, "sampler": "ddim", "eta": eta, "latents": run(ddim, eta=eta)})
                    solver = DPMSolverMultistepScheduler(**common, algorithm_type="dpmsolver++", solver_order=2, final_sigmas_type="zero")
                    solver.set_timesteps(timesteps=timesteps)
                    cases.append({**case, "sampler": "dpm-solver-2m", "latents": run(solver)})
    return cases


def published_cases() -> list[dict]:
    """As text-to-video-ms-1.7b is sampled: by DDIM to timestep 0, or by the other solver over timesteps of its own."""
    cases = []
    bounds = CURVES["scaled-linear"]
    common = dict(num_train_timesteps=TRAIN_TIMESTEPS, beta_start=bounds["start"], beta_end=bounds["end"], beta_schedule="scaled_linear", prediction_type="epsilon", steps_offset=1)
    betas = {"curve": "scaled-linear", **bounds, "train_timesteps": TRAIN_TIMESTEPS, "prediction": "epsilon"}
    for steps in (5, 20, 50):
        ddim = DDIMScheduler(**common, clip_sample=False, set_alpha_to_one=False, timestep_spacing="leading")
        ddim.set_timesteps(steps)
        case = {"num_inference_steps": steps, "betas": {**betas, "spacing": "leading", "last": "first_timestep"}, "timesteps": ddim.timesteps.tolist()}
        for eta in (0.0, 1.0):
            cases.append({**case, "sampler": "ddim", "eta": eta, "latents": run(ddim, eta=eta)})
        solver = DPMSolverMultistepScheduler(**common, algorithm_type="dpmsolver++", solver_order=2, final_sigmas_type="zero", timestep_spacing="linspace")
        solver.set_timesteps(steps)
        case = {"num_inference_steps": steps, "betas": {**betas, "spacing": "linspace"}, "timesteps": solver.timesteps.tolist()}
        cases.append({**case, "sampler": "dpm-solver-2m", "latents": run(solver)})
    return cases


def rounded(values):
    if isinstance(values, list):
        return [rounded(value) for value in values]
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    return round(values, 7) if isinstance(values, float) else values


def main() -> None:
    cases = [rounded(case) for case in flow_cases() + beta_cases() + published_cases()]
    lines = ",\n  ".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(f'{{"written_with": "diffusers {diffusers.__version__}", "cases": [\n  {lines}\n]}}\n')


if __name__ == "__main__":
    main()
