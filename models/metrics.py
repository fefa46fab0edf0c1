"""How a streamed video holds together, from its pixels alone: seams, cuts, warp error, stillness, drift, likeness.

Frames are uint8 RGB [F, H, W, 3]; seams are the indices of each chunk's first new frame. Flow is
Farneback's, so warp errors are not comparable with tables made with RAFT at 720x720. The definitions
are named at each function; `controls.py` plants the faults that each of them must find.
"""

from dataclasses import dataclass

import cv2
import numpy as np

FPS = 8
NEIGHBOURS = 2
CUT_RATIO, CUT_SCORE, CUT_FRAMES = 3.0, 15.0, 15
STILL_SHARE = 6 / 256  # of the shorter side, pixels a frame at 8 fps
HELD_DIFFERENCE = 0.25  # grey levels; the slowest thing of the world changes several times as much
SMALLEST_MOTION = 0.01  # pixels; keeps a still video from dividing by nothing
ENDS = 0.15  # of the video, at its beginning and at its end
HALF_LIKE = 0.5
ANCHOR_FRAME = 2  # the first of the two that the anchor's latent frame holds
# sRGB to XYZ, each divided by that of white
RGB_TO_WHITE = np.float32([[0.433953, 0.212671, 0.017758], [0.376219, 0.71516, 0.109477], [0.189828, 0.072169, 0.872766]])


@dataclass
class Steps:
    """What happens between frame t and t + 1, each float [F - 1]; NaN at 0 where t - 1 is needed."""

    difference: np.ndarray  # D, mean |luma step|, 0..255
    jerk: np.ndarray  # J, mean |second difference of luma|, 0..510
    residual: np.ndarray  # E, mean |warped next - this| where flow is valid, 0..255
    flow_jump: np.ndarray  # F, mean |flow - flow before|, pixels
    colour: np.ndarray  # C, delta E of mean Lab
    warp_error: np.ndarray  # W, mean squared residual where flow is valid, 0..255^2
    motion: np.ndarray  # mean |flow|, pixels
    squared_motion: np.ndarray  # mean |flow|^2
    top_motion: np.ndarray  # mean of the fastest 5 % of |flow|


SEAM_SIGNS = ("difference", "jerk", "residual", "flow_jump", "colour")


def measure(frames: np.ndarray, seams: list[int]) -> dict[str, float]:
    """Every metric of this file, by name."""
    steps = measure_steps(frames)
    return {
        **{f"seam_auc_{sign}": value for sign, value in seam_aucs(steps, seams).items()},
        "seam_auc": float(np.mean(list(seam_aucs(steps, seams).values()))),
        "seam_log_ratio": seam_log_ratio(steps.difference, seams),
        "scuts": float(len(find_cuts(frames))),
        **warp_errors(steps),
        **stillness(steps, min(frames.shape[1:3])),
        **held(steps.difference),
        **{f"drift_{name}": value for name, value in drift(frames).items()},
        **likeness(frames),
        "anchor_similarity": anchor_similarity(frames),
    }


def measure_steps(frames: np.ndarray) -> Steps:
    luma = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])
    signed = luma.astype(np.float32)
    rows = [measure_step(frames[t], frames[t + 1], luma[t], luma[t + 1]) for t in range(len(frames) - 1)]
    flows, residual, warp_error = zip(*rows)
    speeds = [np.hypot(flow[..., 0], flow[..., 1]) for flow in flows]
    means = lab(frames).mean((1, 2))
    unknown = [np.nan]
    return Steps(
        difference=np.abs(np.diff(signed, axis=0)).mean((1, 2)),
        jerk=np.concatenate([unknown, np.abs(np.diff(signed, 2, axis=0)).mean((1, 2))]),
        residual=np.array(residual),
        flow_jump=np.array(unknown + [float(np.hypot(*np.moveaxis(b - a, -1, 0)).mean()) for a, b in zip(flows, flows[1:])]),
        colour=np.linalg.norm(np.diff(means, axis=0), axis=1),
        warp_error=np.array(warp_error),
        motion=np.array([speed.mean() for speed in speeds]),
        squared_motion=np.array([(speed**2).mean() for speed in speeds]),
        top_motion=np.array([np.sort(speed, axis=None)[-speed.size // 20 :].mean() for speed in speeds]),
    )


def measure_step(this: np.ndarray, following: np.ndarray, luma: np.ndarray, next_luma: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Flow [H, W, 2], mean absolute and mean squared residual where forward and backward flow agree (Sundaram's rule)."""
    forward, back = flow_between(luma, next_luma), flow_between(next_luma, luma)
    rows, columns = np.indices(luma.shape, dtype=np.float32)
    to = columns + forward[..., 0], rows + forward[..., 1]
    returned = cv2.remap(back, *to, cv2.INTER_LINEAR)
    gap = ((forward + returned) ** 2).sum(-1)
    valid = gap < 0.01 * ((forward**2).sum(-1) + (returned**2).sum(-1)) + 0.5
    valid &= (to[0] >= 0) & (to[0] <= luma.shape[1] - 1) & (to[1] >= 0) & (to[1] <= luma.shape[0] - 1)
    warped = cv2.remap(following, *to, cv2.INTER_LINEAR).astype(np.float32)
    residual = np.abs(warped - this)[valid]
    return forward, float(residual.mean()) if residual.size else 0.0, float((residual**2).mean()) if residual.size else 0.0


def flow_between(luma: np.ndarray, next_luma: np.ndarray) -> np.ndarray:
    return cv2.calcOpticalFlowFarneback(luma, next_luma, None, 0.5, 3, 15, 3, 5, 1.2, 0)


def lab(frames: np.ndarray) -> np.ndarray:
    """float32 [F, H, W, 3] of sRGB under D65: L 0..100, a and b about -100..100. By formula: OpenCV's floats come from a coarse table."""
    shares = np.arange(256) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4).astype(np.float32)
    white = linear[frames] @ RGB_TO_WHITE
    x, y, z = np.moveaxis(np.where(white > 0.008856, np.cbrt(white), 7.787 * white + 16 / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def seam_aucs(steps: Steps, seams: list[int]) -> dict[str, float]:
    return {sign: seam_auc(getattr(steps, sign), seams) for sign in SEAM_SIGNS}


def seam_auc(values: np.ndarray, seams: list[int]) -> float:
    """P(step at a seam > step inside the chunk it opens) + P(equal) / 2; 0.5 is a seam nobody can find, 1 one that always shows.

    values [F - 1]. The step right behind a seam is left out: second differences still see the seam there.
    """
    ends = [*seams[1:], len(values) + 1]
    wins = []
    for seam, end in zip(seams, ends):
        inside = values[seam + 1 : end - 1]
        at = values[seam - 1]
        wins.append(((at > inside) + 0.5 * (at == inside)).mean() if len(inside) else np.nan)
    return float(np.nanmean(wins))


def seam_log_ratio(values: np.ndarray, seams: list[int], reach: int = 8) -> float:
    """Mean log of a seam's step over the median of the steps around it that are no seams; 0 is invisible."""
    at = np.array(seams) - 1
    ratios = []
    for seam in at:
        around = [t for t in range(max(0, seam - reach), min(len(values), seam + reach + 1)) if t not in at]
        ratios.append(np.log((values[seam] + 0.01) / (np.median(values[around]) + 0.01)))
    return float(np.mean(ratios))


def find_cuts(frames: np.ndarray) -> list[int]:
    """First frames of new shots, as PySceneDetect's AdaptiveDetector at its defaults tells them; their number is SCuts.

    Hue differences are plain, not circular; the shortest scene is counted from the frame last read,
    which is two ahead of the frame that is judged: both as there.
    """
    height, width = frames.shape[1:3]
    factor = max(1.0, width / 256)
    if factor > 1:
        frames = np.stack([cv2.resize(frame, (round(width / factor), round(height / factor))) for frame in frames])
    hsv = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2HSV) for frame in frames]).astype(np.float32)
    scores = np.concatenate([[0], np.abs(np.diff(hsv, axis=0)).mean((1, 2)).mean(-1)])
    cuts, last = [], 0
    for t in range(NEIGHBOURS, len(scores) - NEIGHBOURS):
        around = [*scores[t - NEIGHBOURS : t], *scores[t + 1 : t + NEIGHBOURS + 1]]
        average = np.mean(around)
        ratio = min(scores[t] / average, 255) if average >= 1e-5 else 255 * (scores[t] >= CUT_SCORE)
        if ratio >= CUT_RATIO and scores[t] >= CUT_SCORE and t + NEIGHBOURS - last >= CUT_FRAMES:
            cuts.append(t)
            last = t
    return cuts


def warp_errors(steps: Steps) -> dict[str, float]:
    """W (mean squared residual), OFS (mean squared flow), and MAWE as the published script has it: mean of W_t / (9.5 mean |u_t|).

    All lower for smoother motion (arXiv 2403.14773, section 5.1). `mawe_paper` is the W / OFS of the text.
    A clip in wrong order has so much flow that this one can come out better than the real clip's.
    """
    return {
        "mawe_paper": float(steps.warp_error.mean() / max(steps.squared_motion.mean(), SMALLEST_MOTION**2)),
        "warp_error": float(steps.warp_error.mean()),
        "squared_motion": float(steps.squared_motion.mean()),
        "mawe": float((steps.warp_error / (9.5 * np.maximum(steps.motion, SMALLEST_MOTION))).mean()),
    }


def stillness(steps: Steps, side: int) -> dict[str, float]:
    """Share of steps in which nothing moves (VBench's dynamic degree, its threshold), the longest such run, and whether motion dies away."""
    still = steps.top_motion < STILL_SHARE * side
    count = max(1, round(len(still) * ENDS))
    first, last = steps.top_motion[:count].mean(), steps.top_motion[-count:].mean()
    decay = float(np.log((last + 0.1) / (first + 0.1)))
    return {"stagnation": float(still.mean()), "longest_still_seconds": longest_run(still) / FPS, "motion_decay": decay}


def held(difference: np.ndarray) -> dict[str, float]:
    """Share of steps in which the picture does not change at all, and the longest run of them: stillness that needs no flow."""
    same = difference < HELD_DIFFERENCE
    return {"held": float(same.mean()), "longest_held_seconds": longest_run(same) / FPS}


def longest_run(flags: np.ndarray) -> int:
    longest = run = 0
    for each in flags:
        run = run + 1 if each else 0
        longest = max(longest, run)
    return longest


def drift(frames: np.ndarray) -> dict[str, float]:
    """|mean over the first 15 % - over the last 15 %|: of mean Lab (delta E), chroma, contrast (deviation of L), sharpness (log variance of the Laplacian)."""
    count = max(1, round(len(frames) * ENDS))
    first, last = looks(frames[:count]), looks(frames[-count:])
    gaps = {name: np.linalg.norm(first[name] - last[name]) for name in first}
    return {name: float(gap) for name, gap in gaps.items()}


def looks(frames: np.ndarray) -> dict[str, np.ndarray]:
    colours = lab(frames)
    laplacians = [cv2.Laplacian(channels[..., 0], cv2.CV_32F).var() for channels in colours]
    return {
        "colour": colours.mean((0, 1, 2)),
        "chroma": np.hypot(colours[..., 1], colours[..., 2]).mean(),
        "contrast": colours[..., 0].std((1, 2)).mean(),
        "sharpness": np.log(np.array(laplacians) + 1e-3).mean(),
    }


def likeness(frames: np.ndarray) -> dict[str, float]:
    """How alike a video stays to itself: `likeness` A = mean of (cos to the frame before + cos to the first) / 2, 0..1
    (VBench's subject consistency with this descriptor), and the seconds until cos to the first falls below 0.5."""
    described = describe_frames(frames)
    to_first = np.maximum(described[1:] @ described[0], 0)
    to_last = np.maximum((described[1:] * described[:-1]).sum(1), 0)
    unlike = np.nonzero(to_first < HALF_LIKE)[0]
    return {"likeness": float((to_first + to_last).mean() / 2), "half_life_seconds": (int(unlike[0]) + 1 if len(unlike) else len(frames)) / FPS}


def anchor_similarity(frames: np.ndarray, anchor: int = ANCHOR_FRAME) -> float:
    """Mean cosine of the video's last 15 % to its anchor frame, 0..1; a thing that moves on costs as much in a real clip."""
    count = max(1, round(len(frames) * ENDS))
    described = describe_frames(np.concatenate([frames[anchor : anchor + 1], frames[-count:]]))
    return float(np.maximum(described[1:] @ described[0], 0).mean())


def describe_frames(frames: np.ndarray) -> np.ndarray:
    """float32 [F, D] of length 1: Lab histograms on a 4x4 grid, gradients' directions on an 8x8 one, 16x16 luma moved onto the first frame's."""
    start = cv2.cvtColor(frames[0], cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.stack([describe_frame(frame, start) for frame in frames])


def describe_frame(frame: np.ndarray, start: np.ndarray) -> np.ndarray:
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    colours = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB)
    histograms = [np.bincount(grid_cells(luma.shape, 4) * 8 + (colours[..., channel].ravel() >> 5), minlength=128) for channel in range(3)]
    across, down = cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    direction = (np.arctan2(down, across) / np.pi % 1 * 9).astype(int) % 9
    gradients = np.bincount(grid_cells(luma.shape, 8) * 9 + direction.ravel(), np.hypot(across, down).ravel(), 576)
    shift, _ = cv2.phaseCorrelate(start, luma)
    moved = np.roll(luma, (-round(shift[1]), -round(shift[0])), (0, 1))
    small = cv2.resize(moved, (16, 16), interpolation=cv2.INTER_AREA).ravel()
    parts = [np.concatenate(histograms), gradients, small - small.mean()]
    return np.concatenate([part / (np.linalg.norm(part) + 1e-6) for part in parts]) / np.sqrt(len(parts))


def grid_cells(shape: tuple[int, int], cells: int) -> np.ndarray:
    """For each pixel, flat, the number of its grid cell."""
    rows, columns = (np.arange(side) * cells // side for side in shape)
    return (rows[:, None] * cells + columns).ravel()
