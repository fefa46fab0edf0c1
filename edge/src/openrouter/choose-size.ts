/** `size`, `resolution` and `aspect_ratio` as one of a model's sizes: a resolution is the pixels of the shorter side. */
import { EverframeError, type ModelPackage } from '@everframe/shared';

type Sized = Pick<ModelPackage, 'name' | 'sizes'>;

/** @returns undefined where nothing is said of it: then the model's first holds */
export function chooseSize(fields: Readonly<Record<string, unknown>>, { name, sizes }: Sized): string | undefined {
  const wanted = (['size', 'resolution', 'aspect_ratio'] as const).filter((field) => fields[field] !== undefined);
  if (wanted.length === 0) return undefined;
  let fitting = sizes;
  for (const param of wanted) {
    fitting = fitting.filter((size) => OF_SIZE[param](size) === fields[param]);
    if (fitting.length > 0) continue;
    const offered = [...new Set(sizes.map(OF_SIZE[param]))].map((value) => `'${value}'`).join(', ');
    const value = JSON.stringify(fields[param])?.slice(0, 60).toWellFormed();
    const beside = wanted.slice(0, wanted.indexOf(param)).map((field) => `'${field}'`);
    const rule = `'${param}' must be one of ${offered} for ${name}${beside.length > 0 ? `, and go with ${beside.join(' and ')}` : ''}`;
    throw new EverframeError('invalid_value', `${rule}; got ${value}.`, { param });
  }
  return fitting[0];
}

/** As the dialect writes it, such as `720p`. */
export function resolutionOf(size: string): string {
  return `${Math.min(...size.split('x').map(Number))}p`;
}

/** As the dialect writes it, such as `16:9`. */
export function aspectRatioOf(size: string): string {
  const [width = 1, height = 1] = size.split('x').map(Number);
  const common = greatestDivisor(width, height);
  return `${width / common}:${height / common}`;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

const OF_SIZE = { size: (size: string) => size, resolution: resolutionOf, aspect_ratio: aspectRatioOf } as const;
