/**
 * From committed segments to a published video: fetch what another worker made, join without re-encoding, sign,
 * read back, upload with thumbnail and spritesheet, complete. `signAsset` lets nothing through that does not validate.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClaimAnswer, finalKey, type Segment, spritesheetKey, thumbnailKey } from '@everframe/shared';
import { activeManifest } from '@everframe/shared/live-verification';
import { createMarker } from '@everframe/shared/mark';
import { fingerprintOfVideo, markedParts, ownMark } from './binding-scopes.ts';
import { generationFacts } from './generation-facts.ts';
import type { JobContext } from './job.ts';
import type { Lease } from './lease.ts';
import { makeSpritesheet } from './make-spritesheet.ts';
import { joinSegments } from './media/final-file.ts';
import { encodeJpeg } from './media/jpeg.ts';
import { framesDone, ownSegments, type Progress, segmentPath } from './progress.ts';
import type { GenerationFacts } from './provenance/assertions.ts';
import { signAsset } from './provenance/sign-asset.ts';
import { signPublication } from './provenance/sign-publication.ts';
import { fetchReferencePicture } from './reference-picture.ts';
import { signingStep } from './signing-step.ts';
import { fetchOrigin } from './video-origin.ts';

export async function finishVideo(context: JobContext, lease: Lease, claim: ClaimAnswer, progress: Progress): Promise<void> {
  const { edge, scratch_dir } = context;
  const { video_id, epoch, signal } = lease;
  const ticket = () => lease.ticket;
  const [first] = progress.segments;
  if (!first || progress.parent === null || !progress.checkpoint) throw new Error('a video without a commit cannot be finished');

  await fetchMissing(context, lease, progress.segments);
  const inits = await fetchInits(context, lease, progress.segments);
  const paths = progress.segments.map((segment) => segmentPath(scratch_dir, segment.chunk_index));
  const joined = join(scratch_dir, 'joined.mp4');
  const [init = new Uint8Array(0)] = inits.values();
  await joinSegments(init, paths, joined);

  const state = await edge.download(ticket, progress.checkpoint, signal);
  const { rgb, width, height } = await context.inference.thumbnail(state);
  const picture = join(scratch_dir, 'picture.jpg');
  if (claim.mark !== undefined) createMarker(claim.mark, width, height).embed(rgb);
  await writeFile(picture, encodeJpeg(rgb, width, height));

  const sheet = await makeSpritesheet(context, lease, claim.command, progress.segments);
  const sheet_picture = join(scratch_dir, 'spritesheet.jpg');
  if (sheet) await writeFile(sheet_picture, sheet);

  // What an extension took over was streamed as its parent's.
  const own = ownSegments(claim.command, progress.segments);
  const own_inits = new Set(own.map(({ init }) => init.key));
  const live_manifests = [...inits].flatMap(([key, init]) => (own_inits.has(key) ? (activeManifest(init)?.label ?? []) : []));
  // One that was told to stop has fewer frames than were asked for.
  const frames = framesDone(progress);
  const made = { ...claim, command: { ...claim.command, frames } };
  const marks = markedParts(claim.command, progress.segments);
  const fingerprint = fingerprintOfVideo(claim, progress.segments);
  const origin = await fetchOrigin(context, lease, claim);
  const reference_image = await fetchReferencePicture(context, lease, claim.command);
  const about = { origin, reference_image, frames, encoder: first.encoder, marks, fingerprint, live_manifests };
  const facts = generationFacts(context, lease, made, about);
  const { out_path: video_path, manifest_label: manifest_id, ...of_video } = await sign(context, joined, 'video/mp4', facts);
  const title = `${video_id} (thumbnail)`;
  const still = { ...facts, title, marks: claim.mark === undefined ? [] : [{ mark: claim.mark }] };
  const { out_path: thumbnail_path, ...of_thumbnail } = await sign(context, picture, 'image/jpeg', still);
  // Of a frame that was made small no mark can be read.
  const about_sheet = { ...facts, title: `${video_id} (spritesheet)`, marks: [] };
  const signed_sheet = sheet && (await sign(context, sheet_picture, 'image/jpeg', about_sheet));
  const [video, thumbnail, spritesheet] = await Promise.all([
    edge.upload(ticket, finalKey(video_id, epoch), { path: video_path }, 'video/mp4', signal),
    edge.upload(ticket, thumbnailKey(video_id, epoch), { path: thumbnail_path }, 'image/jpeg', signal),
    signed_sheet && edge.upload(ticket, spritesheetKey(video_id, epoch), { path: signed_sheet.out_path }, 'image/jpeg', signal),
  ]);
  // The thumbnail has this worker's mark even where those who made the frames wrote none, and it can be looked up by it.
  const credential = { manifest_id, mark: ownMark(marks) ?? claim.mark ?? null, fingerprint: [...(fingerprint?.hashes ?? [])] };
  const unstamped = of_video.unstamped || of_thumbnail.unstamped || signed_sheet?.unstamped === true;
  const published = { video_id, manifest_id, file: video, model: facts.model };
  const publication = await signingStep(() => signPublication(context.signer, published));
  const files = { video, thumbnail, ...(spritesheet && { spritesheet }) };
  await edge.complete(video_id, { epoch, parent: progress.parent, ...files, credential, unstamped, publication }, signal);
}

async function fetchMissing({ edge, scratch_dir }: JobContext, lease: Lease, segments: readonly Segment[]): Promise<void> {
  for (const segment of segments) {
    const path = segmentPath(scratch_dir, segment.chunk_index);
    if (!existsSync(path)) await writeFile(path, await edge.download(() => lease.ticket, segment.media, lease.signal));
  }
}

/** By key, each once, in order: every worker that made a part of the video began it with one of its own. */
async function fetchInits({ edge }: JobContext, lease: Lease, segments: readonly Segment[]): Promise<Map<string, Uint8Array>> {
  const distinct = new Map(segments.map(({ init }) => [init.key, init]));
  const inits = new Map<string, Uint8Array>();
  for (const [key, init] of distinct) inits.set(key, await edge.download(() => lease.ticket, init, lease.signal));
  return inits;
}

async function sign(
  context: JobContext,
  source_path: string,
  mime_type: 'video/mp4' | 'image/jpeg',
  facts: GenerationFacts,
): Promise<{ out_path: string; manifest_label: string; unstamped: boolean }> {
  const out_path = source_path.replace(/(\.\w+)$/, '-signed$1');
  return signingStep(async () => {
    const { signer, time_stamp_urls } = context;
    const began_at_ms = performance.now();
    const { time_stamp, faults, manifest_label } = await signAsset({ signer, source_path, mime_type, out_path, facts, time_stamp_urls });
    if (faults.length > 0) context.log('warn', time_stamp ? 'a time-stamp authority failed' : 'signed without a time-stamp', { faults });
    context.log('info', 'signed', { mime_type, sign_ms: Math.round(performance.now() - began_at_ms) });
    return { out_path, manifest_label, unstamped: time_stamp_urls.length > 0 && !time_stamp };
  });
}
