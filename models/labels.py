"""What stands in each cell of a latent frame, read from a clip's tracks.

Training material for auxiliary heads only: knowing which thing lies where, and how far its centre is,
is the part of a picture that a denoiser must decide first.
"""

import numpy as np

NOTHING = 0


def cell_labels(tracks: np.ndarray, thing_ids: np.ndarray, cells: int, side: int = 128, group: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Class per cell uint8 [G, cells, cells], 0 nothing, n + 1 thing n; offset to its centre int8 [G, cells, cells, 2] in pixels.

    tracks [F, A, 6] as world.render gives them, positions on a torus of `side` pixels.
    """
    middle = slice(group // 2, None, group)
    tracks, thing_ids = tracks[middle], thing_ids[middle]
    centres = (np.arange(cells) + 0.5) * side / cells
    classes = np.zeros((len(tracks), cells, cells), np.uint8)
    offsets = np.zeros((len(tracks), cells, cells, 2), np.int8)
    for actor in range(tracks.shape[1]):
        x, y, diameter, _, _, visible = tracks[:, actor].T
        across = wrap(x[:, None] - centres, side)[:, None, :]
        down = wrap(y[:, None] - centres, side)[:, :, None]
        inside = (across**2 + down**2 < (diameter[:, None, None] * 0.46) ** 2) & (visible[:, None, None] > 0.5)
        classes[inside] = np.broadcast_to(thing_ids[:, actor, None, None] + 1, inside.shape)[inside]
        offsets[..., 0][inside] = np.broadcast_to(across, inside.shape)[inside]
        offsets[..., 1][inside] = np.broadcast_to(down, inside.shape)[inside]
    return classes, offsets


def actor_poses(tracks: np.ndarray, thing_ids: np.ndarray, actors: int = 2, group: int = 2) -> np.ndarray:
    """float32 [G, actors, 6]: thing n as n + 1, x, y and diameter in pixels, angle in radians, mirrored; 0 where there is no actor."""
    middle = slice(group // 2, None, group)
    tracks, thing_ids = tracks[middle], thing_ids[middle]
    poses = np.zeros((len(tracks), actors, 6), np.float32)
    seen = tracks[..., 5] > 0.5
    poses[:, : tracks.shape[1]] = np.concatenate([thing_ids[..., None] + 1, tracks[..., :5]], -1) * seen[..., None]
    return poses


def wrap(distance: np.ndarray, side: int) -> np.ndarray:
    return (distance + side / 2) % side - side / 2
