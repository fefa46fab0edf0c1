"""Judges a package: does it show what the prompt says, and does it hold together over 1,000 frames? Markdown, and JSON as the last line.

`python evaluate.py --package packages/NAME --checkpoint CHECKPOINT` on prompts of pairs that training never
drew (captions.py), with seeds that nobody chose. Beside the package stand real clips under the same checker,
which tell how far it can be trusted, and baselines with the same weights. The checkpoint is only for the
autoencoder's encoder, which a package lacks; without it two rows are left out.
"""

import argparse
import json
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch

from captions import eval_prompts
from checker import load_checker
from contact_sheet import draw_sheet
from controls import control_clips, order
from evaluation_table import METRICS, blind_metrics, controls_table, following_table, streaming_table
from following import judge, judge_change, read, score
from metrics import measure
from story import Scene
from variants import CHUNK, NEED_AUTOENCODER, VARIANTS, Maker
from world import render

KINDS = ("single", "two", "synonyms", "change")
PROMPT_SEED, NOISE_SEED = 90, 5000
JUDGED_FRAMES = 3 * CHUNK
LONG_MOTIONS = ("left", "right", "bounce", "circle")
CONTROL_SCENES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, help="for the autoencoder: adds two rows")
    parser.add_argument("--prompts", type=int, default=64, help="of each kind; default 64")
    parser.add_argument("--baseline-prompts", type=int, default=24, help="single ones, for each baseline; default 24")
    parser.add_argument("--frames", type=int, default=1000, help="of a long run; default 1000, 0 for none")
    parser.add_argument("--long-runs", type=int, default=1, help="scenes that are run long; default 1")
    parser.add_argument("--rows", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--steps", type=int, help="default: model.json's")
    parser.add_argument("--first-scale", type=float, help="guidance of chunks without an anchor; default: model.json's")
    parser.add_argument("--scale", type=float, help="guidance of the other chunks; default: model.json's")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sheet", type=Path, help="also draw a contact sheet here")
    args = parser.parse_args()
    overrides = {name: getattr(args, name) for name in ("steps", "first_scale", "scale") if getattr(args, name) is not None}
    tools = args.package, args.checkpoint, overrides
    rows = [row for row in VARIANTS if row in args.rows and (args.checkpoint or row not in NEED_AUTOENCODER)]
    jobs = list_jobs(rows, args)
    with get_context("spawn").Pool(args.workers, start_worker, tools) as pool:
        results = [found for each in pool.imap_unordered(run_job, jobs) for found in each]
    if args.sheet:
        start_worker(*tools)
        draw_sheet(maker, args.sheet)
    report(results, rows, {"package": args.package.name, "prompts": args.prompts, "frames": args.frames, **overrides})


def list_jobs(rows: list[str], args: argparse.Namespace) -> list[tuple]:
    """The longest first, so that no worker is left with one at the end."""
    frames = args.frames // CHUNK * CHUNK
    jobs: list[tuple] = [("long", row, number, frames) for row in rows for number in range(args.long_runs) if frames]
    jobs += [("controls", number) for number in range(CONTROL_SCENES)]
    for row in rows:
        full = row == "package" or VARIANTS[row].real
        for kind in KINDS if full else KINDS[:1]:
            count = args.prompts if full else min(args.prompts, args.baseline_prompts)
            jobs += [("prompt", row, kind, number, args.prompts) for number in range(count)]
    return jobs


def start_worker(package: Path, checkpoint: Path | None, overrides: dict) -> None:
    """Runs once in each process."""
    global maker, checker
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    maker, checker = Maker(package, checkpoint, overrides), load_checker()


def run_job(job: tuple) -> list[dict]:
    what, *details = job
    return {"long": judge_long, "controls": judge_controls, "prompt": judge_prompt}[what](*details)


@cache
def prompts_of(kind: str, count: int) -> list:
    return eval_prompts(count, PROMPT_SEED + KINDS.index(kind), kind)


def judge_prompt(row: str, kind: str, number: int, count: int) -> list[dict]:
    """The row's answers; from real clips also what the checker says of another prompt's scene: chance."""
    prompts = prompts_of(kind, count)
    scene, prompt = prompts[number]
    start = first_judged(scene)
    frames = maker.make(VARIANTS[row], scene, prompt, start + JUDGED_FRAMES, NOISE_SEED + number)
    clip = read(checker, frames[start:])
    found = {"what": "prompt", "row": row, "kind": kind}
    if scene.after:
        changed, kept = judge_change(scene, clip)
        return [{**found, "changed": changed, "kept": kept}]
    answers = judge(scene, clip)
    results = [{**found, "answers": answers, "score": score(answers)}]
    if row == "ground truth":
        wrong = judge(prompts[(number + 1) % count][0], clip)
        results.append({**found, "row": "ground truth, captions shuffled", "answers": wrong, "score": score(wrong)})
    return results


def first_judged(scene: Scene) -> int:
    """A picture may take a chunk to turn into the next; a motion begins at once."""
    return scene.change_frame + CHUNK * (scene.change != "motion") if scene.after else 0


def judge_long(row: str, number: int, frames: int) -> list[dict]:
    scenes = [each for each in prompts_of("single", 64) if each[0].actors[0].motion in LONG_MOTIONS]
    scene, prompt = scenes[number]
    clip = maker.make(VARIANTS[row], scene, prompt, frames, NOISE_SEED + 1000 + number)
    end = judge(scene, read(checker, clip[-JUDGED_FRAMES:]))
    return [{"what": "long", "row": row, **measure(clip, list(range(CHUNK, frames, CHUNK))), "followed_at_end": score(end)}]


def judge_controls(number: int) -> list[dict]:
    clip, other = (render(scene, 0, 96).frames for scene in control_clips(number))
    names = ("metric", "control", "real", "planted", "ordered")
    return [{"what": "control", **dict(zip(names, found))} for found in order(clip, other)]


def report(results: list[dict], rows: list[str], settings: dict) -> None:
    of = {what: [each for each in results if each["what"] == what] for what in ("prompt", "long", "control")}
    blind = blind_metrics(of["control"])
    following, following_json = following_table(of["prompt"])
    streaming, streaming_json = streaming_table(of["long"], rows, [name for name in METRICS if name not in blind])
    print("## Prompt following, % right\n", following, sep="\n")
    if of["long"]:
        print(f"\n## {settings['frames']} frames in one stream\n", streaming, sep="\n")
        print(f"\nLeft out, since they do not order their controls: {', '.join(sorted(blind)) or 'none'}.")
    print("\n## Metrics and their controls\n", controls_table(of["control"]), sep="\n")
    print(json.dumps({"settings": settings, "following": following_json, "streaming": streaming_json, "blind_metrics": sorted(blind)}))


if __name__ == "__main__":
    main()
