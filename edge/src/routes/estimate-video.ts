/** POST /v1/videos/estimate: what a request would cost, by the same checks and the same price as its making. Makes nothing. */
import { CREATE_WITH_PICTURE_MAX_BYTES, priceOf, toGenerationCommand } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { takePicture } from '../pictures/take-picture.ts';
import { readCreateRequest } from './read-create-request.ts';
import { standIn } from './stand-in.ts';

export async function estimateVideo(c: Context<AppEnv>): Promise<Response> {
  const settings = c.get('settings');
  const { request } = standIn(await readCreateRequest(c.req.raw, CREATE_WITH_PICTURE_MAX_BYTES), PACKAGES, settings.standIn);
  const command = toGenerationCommand(request, PACKAGES, 0, settings.endlessSeconds);
  await takePicture(c, request.input_reference);
  const { micro_usd, micro_usd_per_second } = priceOf(command, PACKAGES);
  return c.json({
    object: 'video.estimate',
    model: command.model,
    seconds: command.endless ? 'endless' : String(command.seconds),
    size: `${command.width}x${command.height}`,
    currency: 'usd',
    micro_usd,
    micro_usd_per_second,
  });
}
