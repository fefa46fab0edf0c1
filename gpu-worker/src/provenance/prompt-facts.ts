/** What a video's manifest tells of its prompts, as its owner chose. */
import { createHmac } from 'node:crypto';
import type { GenerationCommand } from '@everframe/shared';
import type { PromptFact } from './assertions.ts';

type Prompted = Pick<GenerationCommand, 'prompt' | 'segments' | 'prompt_disclosure'>;

/** By start. @param prompt_key the video's own, in hex */
export function promptFacts({ prompt, segments, prompt_disclosure }: Prompted, prompt_key: string): PromptFact[] {
  const prompts = [{ start_frame: 0, prompt }, ...segments];
  switch (prompt_disclosure) {
    case 'none':
      return [];
    case 'text':
      return prompts.map(({ start_frame, prompt: text }) => ({ start_frame, disclosed: 'text', text }));
    case 'hash': {
      const key = Buffer.from(prompt_key, 'hex');
      const proofOf = (text: string) => createHmac('sha256', key).update(text).digest('hex');
      return prompts.map(({ start_frame, prompt: text }) => ({ start_frame, disclosed: 'hash', hmac: proofOf(text) }));
    }
  }
}
