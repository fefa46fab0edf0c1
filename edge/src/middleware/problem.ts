/** A refusal as RFC 9457 has it, for callers who name its content type. What stock SDKs read stays in it as `error`. */
import type { EverframeError } from '@everframe/shared';

export const PROBLEM_TYPE = 'application/problem+json';

/** RFC 9110's names of the statuses: what a problem of the type `about:blank` is titled. */
export const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Whether `Accept` names problems; a wildcard does not. A weight of zero (RFC 9110, 12.4.2) refuses them. */
export function wantsProblem(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return type === PROBLEM_TYPE && !parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
  });
}

/** @param body as the caller's dialect has it */
export function toProblem({ code, param, message, kind: { status } }: EverframeError, body: { readonly error: object }) {
  return { type: 'about:blank', title: TITLES[status], status, detail: message, code, param, ...body };
}
