/** A step of a job that signs. What is signed but not trusted would be so on every worker: the video fails. */
import { JobError, step } from './job-error.ts';
import { UntrustedError } from './provenance/untrusted-error.ts';

export function signingStep<Result>(work: () => Promise<Result>): Promise<Result> {
  return step('signing_failed', async () => {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof UntrustedError)) throw cause;
      throw new JobError('signing_failed', 'the signature is not trusted, so the video is not published', { permanent: true, cause });
    }
  });
}
