"""The evaluation's results as Markdown tables, and the same figures for its JSON line."""

import numpy as np

from following import ATTRIBUTES

# Name in metrics.measure to column
METRICS = {
    "scuts": "SCuts",
    "seam_auc": "seam AUC",
    "seam_log_ratio": "seam log ratio",
    "mawe": "MAWE (script)",
    "mawe_paper": "MAWE (paper)",
    "warp_error": "warp error",
    "stagnation": "stagnation",
    "longest_still_seconds": "longest still, s",
    "motion_decay": "motion decay",
    "held": "held",
    "longest_held_seconds": "longest held, s",
    "drift_colour": "colour drift",
    "drift_chroma": "chroma drift",
    "drift_contrast": "contrast drift",
    "drift_sharpness": "sharpness drift",
    "likeness": "likeness",
    "half_life_seconds": "half-life, s",
    "anchor_similarity": "anchor similarity",
}
ORDER = ("ground truth", "ground truth, captions shuffled", "ground truth, autoencoder", "package", "naive chaining", "no CAM", "no APM", "no refiner")


def following_table(found: list[dict]) -> tuple[str, dict]:
    rows = {row: following_row([each for each in found if each["row"] == row]) for row in ORDER if any(each["row"] == row for each in found)}
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    cells = {row: [percent(values.get(name)) for name in columns] for row, values in rows.items()}
    return markdown(["", *columns], [[row, *line] for row, line in cells.items()]), rows


def following_row(found: list[dict]) -> dict[str, dict[str, float]]:
    """By column, the share that is right and how many were asked."""
    of_kind = lambda kind: [each for each in found if each["kind"] == kind]
    columns = {kind: [each["score"] for each in of_kind(kind)] for kind in ("single", "two", "synonyms")}
    columns["single, all right"] = [each["score"] == 1 for each in of_kind("single")]
    columns["change"] = [each["changed"] for each in of_kind("change")]
    columns["kept in a change"] = [each["kept"] for each in of_kind("change")]
    told = [each["answers"] for each in found if "answers" in each]
    for name in ATTRIBUTES:
        columns[name] = [right for answers in told for right in answers.get(name, [])]
    return {name: {"share": round(float(np.mean(values)), 4), "of": len(values)} for name, values in columns.items() if values}


def streaming_table(found: list[dict], rows: list[str], metrics: list[str]) -> tuple[str, dict]:
    columns = {**{name: METRICS[name] for name in metrics}, "followed_at_end": "followed in the last 3 s"}
    present = [row for row in rows if any(each["row"] == row for each in found)]
    means = {row: {name: round(float(np.mean([each[name] for each in found if each["row"] == row])), 4) for name in columns} for row in present}
    lines = [[row, *(f"{value:.3g}" for value in values.values())] for row, values in means.items()]
    return markdown(["", *columns.values()], lines), means


def blind_metrics(found: list[dict]) -> set[str]:
    """Those that any control, on any scene, left in the wrong order."""
    return {each["metric"] for each in found if not each["ordered"]}


def controls_table(found: list[dict]) -> str:
    pairs = dict.fromkeys((each["metric"], each["control"]) for each in found)
    lines = []
    for metric, control in pairs:
        mine = [each for each in found if (each["metric"], each["control"]) == (metric, control)]
        real, planted = (", ".join(f"{each[side]:.3g}" for each in mine) for side in ("real", "planted"))
        lines.append([METRICS[metric], control, real, planted, f"{sum(each['ordered'] for each in mine)} of {len(mine)}"])
    return markdown(["metric", "control", "real clips", "with the fault planted", "in order"], sorted(lines))


def percent(value: dict | None) -> str:
    return "" if value is None else f"{100 * value['share']:.0f} ({value['of']})"


def markdown(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))
