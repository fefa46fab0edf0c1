/** The fields of a create as a schema, with the bounds of the packages that are served. Its judge is the command's parser. */
import {
  BLEND_CHUNKS_MAX,
  EDIT_STRENGTH_DEFAULT,
  PICTURE_LIMITS,
  PROMPT_MAX_CHARACTERS,
  PromptDisclosure,
  RETIRED_MODELS,
  RETIRED_SIZES,
  SEED_MAX,
  SEGMENT_ANCHORS,
  SEGMENTS_MAX,
} from '@everframe/shared';
import { z } from 'zod';
import { PACKAGES } from '../catalogue.ts';

/** At least one visible character; none of the control, bidirectional and non-characters that a prompt may not have. */
const REFUSED = '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069\\ufdd0-\\ufdef\\ufffe\\uffff';
const PROMPT = new RegExp(`^[^${REFUSED}]*[^\\s${REFUSED}][^${REFUSED}]*$`);

const least = Math.min(...PACKAGES.map(({ seconds }) => seconds.min));
const most = Math.max(...PACKAGES.map(({ seconds }) => seconds.max));
/** A whole number, also as text: form fields have nothing else. */
const whole = (min: number, max: number) => z.union([z.int().min(min).max(max), z.string().regex(/^\d{1,15}$/)]);

export const promptText = z.string().min(1).max(PROMPT_MAX_CHARACTERS).regex(PROMPT);

const Segment = z.strictObject({
  start: z
    .union([z.number().nonnegative(), z.string().regex(/^\d{1,6}(\.\d{1,6})?$/)])
    .meta({ description: 'Seconds. The prompt takes effect where the next chunk begins.' }),
  prompt: promptText,
  anchor: z.enum(SEGMENT_ANCHORS).optional().meta({
    description:
      'What becomes of the picture that holds the look: `renew` (default) takes it again, `keep` leaves it, `blend` moves it slowly.',
  }),
  blend: whole(0, BLEND_CHUNKS_MAX)
    .optional()
    .meta({ description: 'Chunks over which the text turns to this prompt; default 0, at once.' }),
});

export const CreateVideo = z.strictObject({
  prompt: promptText.meta({ description: 'What the video shows. Kept in Unicode NFC.' }),
  segments: z
    .union([z.array(Segment).max(SEGMENTS_MAX), z.string()])
    .optional()
    .meta({
      description:
        'Prompts that follow the first, each in a chunk of its own, by start. In forms as JSON text, or as `segments[][start]`, `segments[][prompt]`, ….',
    }),
  negative_prompt: z
    .union([promptText, z.string().regex(/^\s*$/)])
    .optional()
    .meta({ description: 'What to lead away from. The safety rules do not judge it.' }),
  model: z
    .enum([...PACKAGES.map(({ name }) => name), ...RETIRED_MODELS])
    .optional()
    .meta({ description: 'Default: the first of `/v1/models`, which also stands in for the models of the service that was switched off.' }),
  seconds: z
    .union([whole(least, most), z.literal('endless')])
    .optional()
    .meta({ description: "Within the model's bounds; default its own. `endless`: until it is cancelled, or the credits end." }),
  size: z
    .enum([...new Set([...PACKAGES.flatMap(({ sizes }) => sizes), ...RETIRED_SIZES])])
    .optional()
    .meta({
      description: "`<width>x<height>`; default the model's first. Sizes of models that it stands in for are replaced by that one.",
    }),
  seed: whole(0, SEED_MAX).optional().meta({ description: 'The same seed, prompt and model give the same frames. Default: drawn.' }),
  input_reference: z
    .union([z.strictObject({ image_url: z.string() }), z.string()])
    .optional()
    .meta({
      description: `A JPEG or PNG that the video begins with, of at most ${PICTURE_LIMITS.max_bytes} bytes and ${PICTURE_LIMITS.max_pixels} pixels, a JPEG at 4:4:4 of half as many: in a form the file itself, or \`{image_url}\`, a data URL or an https URL. Its middle is cut to the shape of the video. Not for every model.`,
    }),
  prompt_disclosure: PromptDisclosure.optional().meta({
    description:
      'What the signed manifest tells of the prompts: `hash` (default) an HMAC with which their owner can prove them, `text` their words, `none` nothing.',
  }),
  strict: z
    .union([z.boolean(), z.enum(['true', 'false'])])
    .optional()
    .meta({ description: 'Refuse what would only be warned of: a prompt that the model cannot read whole. Default: false.' }),
});

export const SteerVideo = z.strictObject({
  prompt: promptText.meta({ description: 'What the video shows from then on.' }),
  at: z
    .union([z.number().nonnegative(), z.string().regex(/^\d{1,6}(\.\d{1,6})?$/)])
    .optional()
    .meta({ description: 'Seconds; it takes effect where the next chunk begins. Left out: as soon as possible.' }),
  anchor: Segment.shape.anchor,
  blend: Segment.shape.blend,
});

/** All else is as in the video. */
export const RemixVideo = CreateVideo.pick({ prompt: true, segments: true, negative_prompt: true, prompt_disclosure: true, strict: true });

const video = z.union([z.strictObject({ id: z.string() }), z.string()]).meta({
  description: 'A completed video of yours: `{id}`, in forms `video[id]`; or in a form the file itself, as it was downloaded here.',
});

export const ExtendVideo = CreateVideo.pick({ prompt: true, segments: true, strict: true, seconds: true }).extend({
  video,
  from_seconds: z
    .union([z.number().positive(), z.string().regex(/^\d{1,9}(\.\d{1,6})?$/)])
    .optional()
    .meta({ description: "Where the new part begins, in seconds of the video: a border of the model's chunks. Default: its end." }),
});

export const EditVideo = RemixVideo.extend({
  video,
  strength: z
    .union([z.number().min(0).max(1), z.string().regex(/^\d(\.\d{1,6})?$/)])
    .optional()
    .meta({ description: `How far it may leave the video: 0 keeps its course, 1 is a new video. Default: ${EDIT_STRENGTH_DEFAULT}.` }),
});

export const ModerationRequest = z.object({
  input: z
    .union([
      z.string().max(PROMPT_MAX_CHARACTERS),
      z.array(z.string().max(PROMPT_MAX_CHARACTERS)).min(1).max(32),
      z
        .array(z.object({ type: z.literal('text'), text: z.string().max(PROMPT_MAX_CHARACTERS) }))
        .min(1)
        .max(32),
    ])
    .meta({ description: 'A text; a list of texts, with a result for each; or a list of parts, with one result for all.' }),
  model: z.unknown().optional().meta({ description: 'Ignored: there is one.' }),
});
