"""Ten places in the flat style of the drawings, by day and by night; they tile from left to right, so a camera can pan.

Each follows from a generator's few draws: where the horizon lies, what stands where, a shift of hue.
"""

import cv2
import numpy as np

SIDE = 128
SCALE = 2  # drawn larger, then made smaller: smooth edges
FULL = SIDE * SCALE
PLACES = ("beach", "sea", "forest", "desert", "city", "mountains", "meadow", "space", "room", "farm")
DAY_SKY = ((120, 196, 246), (206, 236, 252))


def draw_place(place: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The place by day and by night, uint8 [128, 128, 3] each."""
    picture = np.zeros((FULL, FULL, 3), np.float32)
    horizon = int(FULL * rng.uniform(0.44, 0.56))
    DRAW[place](picture, horizon, rng)
    jitter = rng.uniform(-8, 8, 3).astype(np.float32)
    day = np.clip(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA) + jitter, 0, 255)
    return day.astype(np.uint8), darken(day, place, horizon // SCALE, rng).astype(np.uint8)


def darken(day: np.ndarray, place: str, horizon: int, rng: np.random.Generator) -> np.ndarray:
    """Night: dark blue over all, stars and a moon where there is sky; lit windows in the city, a lamp-lit room."""
    stars = rng.uniform(0, 1, (14, 2))
    moon = rng.uniform(0.15, 0.85), rng.uniform(0.08, 0.2)
    if place == "space":
        return day * 0.8
    if place == "room":
        return day * np.float32([0.5, 0.44, 0.5])
    night = day * np.float32([0.26, 0.3, 0.46]) + np.float32([4, 8, 26])
    if place == "city":
        windows = (day[..., 0] > 250) & (day[..., 2] < 190)
        night[windows] = (252, 220, 120)
    for x, y in stars:
        night[int(y * (horizon - 8)) + 1, int(x * 127)] = (255, 255, 230)
    cv2.circle(night, (int(moon[0] * 128), int(moon[1] * 128)), 8, (248, 244, 214), -1, cv2.LINE_AA)
    cv2.circle(night, (int(moon[0] * 128) + 4, int(moon[1] * 128) - 2), 7, tuple(float(v) for v in night[2, 2]), -1, cv2.LINE_AA)
    return night


def fade(picture: np.ndarray, top: int, bottom: int, upper, lower) -> None:
    share = np.linspace(0, 1, max(bottom - top, 1), dtype=np.float32)[:, None, None]
    picture[top:bottom] = np.float32(upper) * (1 - share) + np.float32(lower) * share


def blob(picture: np.ndarray, x: float, y: float, across: float, down: float, colour) -> None:
    """An ellipse that goes on at the other side."""
    for shift in (-FULL, 0, FULL):
        cv2.ellipse(picture, (int(x + shift), int(y)), (int(across), int(down)), 0, 0, 360, colour, -1)


def polygon(picture: np.ndarray, points, colour) -> None:
    for shift in (-FULL, 0, FULL):
        cv2.fillPoly(picture, [np.int32(points) + np.int32([shift, 0])], colour)


def spread(rng: np.random.Generator, count: int) -> np.ndarray:
    """Places across the picture, evenly apart but for a little."""
    return (np.arange(count) + rng.uniform(0, 1) + rng.uniform(-0.2, 0.2, count)) * FULL / count


def sky(picture: np.ndarray, horizon: int, rng: np.random.Generator, clouds: bool = True) -> None:
    fade(picture, 0, horizon + 4, *DAY_SKY)
    if clouds:
        for x in spread(rng, 2):
            y = rng.uniform(0.1, 0.26) * FULL
            for dx, dy, size in ((-20, 4, 14), (0, -4, 20), (22, 4, 13)):
                blob(picture, x + dx, y + dy, size * 1.3, size * 0.8, (255, 255, 255))


def beach(picture, horizon, rng):
    sky(picture, horizon, rng)
    shore = horizon + int(FULL * 0.12)
    fade(picture, horizon, shore, (40, 140, 214), (90, 196, 230))
    fade(picture, shore, FULL, (250, 226, 164), (240, 204, 130))
    across = np.arange(FULL)
    edge = shore + 5 * np.sin(2 * np.pi * (2 * across / FULL + rng.uniform()))
    for x, y in zip(across, edge.astype(int)):
        picture[shore - 8 : y, x] = (90, 196, 230)
        picture[y : y + 4, x] = (255, 255, 255)
    for x in spread(rng, 2)[:1]:
        polygon(picture, [(x - 5, FULL * 0.8), (x + 5, FULL * 0.8), (x + 14, horizon - 26), (x + 8, horizon - 26)], (150, 104, 60))
        for turn in (-2.7, -2.0, -1.1, -0.4, 0.3):
            blob(picture, x + 11 + 22 * np.cos(turn), horizon - 28 + 14 * np.sin(turn), 20, 7, (48, 160, 72))


def sea(picture, horizon, rng):
    horizon = int(horizon * 0.72)
    sky(picture, horizon, rng, clouds=False)
    fade(picture, horizon, FULL, (52, 156, 226), (14, 74, 160))
    phase = rng.uniform(0, FULL)
    for row, y in enumerate(range(horizon + 16, FULL - 8, 26)):
        for x in np.arange(3) * FULL / 3 + phase + row * 37:
            blob(picture, x % FULL, y, 20, 3, (104, 190, 240))


def forest(picture, horizon, rng):
    fade(picture, 0, int(FULL * 0.7), (150, 206, 170), (190, 226, 180))
    ground = int(FULL * 0.68)
    for depth, (count, height, leaf) in enumerate(((6, 0.62, (84, 156, 100)), (4, 0.74, (34, 116, 66)))):
        for x in spread(rng, count):
            base = ground + depth * 8
            polygon(picture, [(x - 5, base), (x + 5, base), (x + 5, base - 40), (x - 5, base - 40)], (110, 76, 46))
            for layer in range(3):
                y, half = base - 20 - layer * FULL * height / 5, 34 - layer * 7
                polygon(picture, [(x - half, y), (x + half, y), (x, y - FULL * height / 3.4)], leaf)
    fade(picture, ground, FULL, (76, 150, 70), (52, 112, 52))


def desert(picture, horizon, rng):
    fade(picture, 0, horizon + 20, (250, 190, 110), (254, 232, 180))
    cv2.circle(picture, (int(rng.uniform(0.15, 0.85) * FULL), int(0.16 * FULL)), 22, (255, 246, 200), -1)
    across = np.arange(FULL)
    for layer, colour in enumerate(((236, 176, 96), (226, 156, 74), (212, 136, 58))):
        edge = horizon + layer * 34 + 12 * np.sin(2 * np.pi * ((1 + layer % 2) * across / FULL + rng.uniform()))
        for x, y in zip(across, edge.astype(int)):
            picture[y:, x] = colour
    for x in spread(rng, 2):
        y = horizon + 44
        polygon(picture, [(x - 6, y), (x + 6, y), (x + 6, y - 56), (x - 6, y - 56)], (60, 140, 80))
        polygon(picture, [(x - 20, y - 22), (x, y - 22), (x, y - 30), (x - 12, y - 30), (x - 12, y - 44), (x - 20, y - 44)], (60, 140, 80))


def city(picture, horizon, rng):
    sky(picture, int(FULL * 0.73), rng, clouds=False)
    street = int(FULL * 0.72)
    colours = ((120, 134, 164), (150, 122, 132), (104, 148, 156), (168, 150, 130))
    for number, x in enumerate(spread(rng, 5)):
        top, half = street - FULL * rng.uniform(0.34, 0.62), 23
        polygon(picture, [(x - half, street), (x + half, street), (x + half, top), (x - half, top)], colours[number % 4])
        for row in range(int((street - top - 16) // 22)):
            for dx in (-14, 4):
                y = top + 10 + row * 22
                polygon(picture, [(x + dx, y), (x + dx + 10, y), (x + dx + 10, y + 12), (x + dx, y + 12)], (255, 244, 170))
    picture[street:] = (92, 94, 102)
    picture[street : street + 8] = (178, 178, 178)
    for x in np.arange(4) * FULL / 4 + rng.uniform(0, FULL / 4):
        polygon(picture, [(x, FULL * 0.86), (x + 34, FULL * 0.86), (x + 34, FULL * 0.89), (x, FULL * 0.89)], (240, 240, 240))


def mountains(picture, horizon, rng):
    sky(picture, horizon + 30, rng, clouds=False)
    for count, height, colour in ((3, 0.40, (150, 164, 190)), (2, 0.34, (108, 124, 156))):
        for x in spread(rng, count):
            base, top, half = horizon + 40, horizon + 30 - FULL * height, FULL * 0.27
            polygon(picture, [(x - half, base), (x + half, base), (x, top)], colour)
            polygon(picture, [(x - half * 0.34, top + (base - top) * 0.34), (x - 8, top + (base - top) * 0.26), (x + 8, top + (base - top) * 0.36), (x + half * 0.34, top + (base - top) * 0.34), (x, top)], (252, 252, 255))
    fade(picture, horizon + 34, FULL, (236, 242, 250), (206, 220, 238))


def meadow(picture, horizon, rng):
    sky(picture, horizon + 24, rng)
    across = np.arange(FULL)
    for layer, colour in enumerate(((150, 212, 96), (112, 188, 72))):
        edge = horizon + layer * 26 + 9 * np.sin(2 * np.pi * ((1 + layer) * across / FULL + rng.uniform()))
        for x, y in zip(across, edge.astype(int)):
            picture[y:, x] = colour
    for x in spread(rng, 6):
        y, colour = rng.uniform(horizon + 50, FULL - 10), ((250, 90, 110), (255, 226, 80), (255, 255, 255))[rng.integers(3)]
        blob(picture, x, y, 6, 6, colour)
        blob(picture, x, y, 2, 2, (250, 190, 40))


def space(picture, horizon, rng):
    fade(picture, 0, FULL, (16, 12, 44), (40, 22, 84))
    for x, y in rng.uniform(0, FULL, (40, 2)):
        cv2.circle(picture, (int(x), int(y)), int(rng.integers(1, 3)), (255, 255, 240), -1)
    x, y = rng.uniform(0.15, 0.85) * FULL, rng.uniform(0.16, 0.34) * FULL
    planet = ((214, 120, 84), (120, 170, 220), (200, 180, 110))[rng.integers(3)]
    blob(picture, x, y, 44, 10, tuple(v * 0.6 for v in planet))
    blob(picture, x, y, 26, 26, planet)


def room(picture, horizon, rng):
    wall = ((244, 222, 190), (206, 226, 214), (226, 210, 236))[rng.integers(3)]
    floor = int(FULL * 0.7)
    picture[:floor] = wall
    fade(picture, floor, FULL, (196, 142, 92), (166, 114, 70))
    picture[floor - 6 : floor] = (250, 250, 250)
    x = rng.uniform(0.2, 0.8) * FULL
    polygon(picture, [(x - 34, 40), (x + 34, 40), (x + 34, 110), (x - 34, 110)], (255, 255, 255))
    polygon(picture, [(x - 29, 45), (x + 29, 45), (x + 29, 105), (x - 29, 105)], (150, 210, 248))
    polygon(picture, [(x - 2, 45), (x + 2, 45), (x + 2, 105), (x - 2, 105)], (255, 255, 255))
    x = (x + FULL * 0.5) % FULL
    polygon(picture, [(x - 18, 54), (x + 18, 54), (x + 18, 92), (x - 18, 92)], (190, 90, 80))
    blob(picture, x, 73, 10, 10, (250, 220, 130))


def farm(picture, horizon, rng):
    sky(picture, horizon, rng)
    fade(picture, horizon, FULL, (170, 206, 96), (196, 160, 90))
    x = rng.uniform(0.2, 0.8) * FULL
    base = horizon + 14
    polygon(picture, [(x - 40, base), (x + 40, base), (x + 40, base - 50), (x + 22, base - 80), (x - 22, base - 80), (x - 40, base - 50)], (196, 48, 44))
    polygon(picture, [(x - 16, base), (x + 16, base), (x + 16, base - 34), (x - 16, base - 34)], (250, 244, 236))
    for post in np.arange(8) * FULL / 8 + rng.uniform(0, 30):
        polygon(picture, [(post, base + 30), (post + 6, base + 30), (post + 6, base + 2), (post, base + 2)], (240, 232, 216))
    for rail in (8, 18):
        picture[base + rail : base + rail + 4] = (240, 232, 216)


DRAW = {name: globals()[name] for name in PLACES}
