/** Routes of OpenAI's contract that no served model can fill yet: refused with what to do instead, rather than unknown. */
import { EverframeError } from '@everframe/shared';
import type { Handler } from 'hono';
import type { AppEnv } from '../env.ts';

function unsupported(message: string): Handler<AppEnv> {
  return () => {
    throw new EverframeError('unsupported_operation', message);
  };
}

export const createCharacter = unsupported('No served model can keep a character of a clip yet. Describe it in the prompt of each video.');
export const getCharacter = unsupported('There are no characters here: no served model can keep one yet. Describe it in the prompt.');
