/**
 * Form fields in brackets back to objects and lists of objects. OpenAI's clients send `[{start: 0, prompt: 'a'}, …]` as
 * `segments[][start]=0`, `segments[][prompt]=a`, …: a member that the last element has begins the next one. An index, as in
 * `segments[1][start]`, says it itself.
 */

/** @returns the elements, and the fields that are none, in order */
export function regroup(
  name: string,
  fields: Iterable<readonly [string, unknown]>,
): { readonly elements: readonly Record<string, unknown>[]; readonly others: readonly (readonly [string, unknown])[] } {
  const elements = new Map<string, Record<string, unknown>>();
  const others: (readonly [string, unknown])[] = [];
  let last = 0;
  for (const [field, value] of fields) {
    const [, index, member] = field.startsWith(name) ? (/^\[(\d{0,4})\]\[([^[\]]+)\]$/.exec(field.slice(name.length)) ?? []) : [];
    if (index === undefined || member === undefined) {
      others.push([field, value]);
      continue;
    }
    if (index === '' && Object.hasOwn(elements.get(`${last}`) ?? {}, member)) last++;
    const key = index === '' ? `${last}` : `#${Number(index)}`;
    const element = elements.get(key) ?? {};
    // A member sent twice under one index stays visible as a list, which no member may be.
    const known = Object.hasOwn(element, member) ? [element[member], value] : value;
    Object.defineProperty(element, member, { value: known, enumerable: true, configurable: true, writable: true });
    elements.set(key, element);
  }
  const indexed = ([key]: readonly [string, unknown]) => Number(key.replace('#', ''));
  return { elements: [...elements].sort((a, b) => indexed(a) - indexed(b)).map(([, element]) => element), others };
}

/** `video[id]=a` back to `video: {id: 'a'}`. @returns the objects, and the fields that are part of none, in order */
export function gather(
  names: readonly string[],
  fields: Iterable<readonly [string, unknown]>,
): { readonly objects: ReadonlyMap<string, object>; readonly others: readonly (readonly [string, unknown])[] } {
  const objects = new Map<string, Record<string, unknown>>();
  const others: (readonly [string, unknown])[] = [];
  for (const [field, value] of fields) {
    const [, name = '', member = ''] = /^(\w+)\[(\w+)\]$/.exec(field) ?? [];
    if (!names.includes(name)) {
      others.push([field, value]);
      continue;
    }
    const object = objects.get(name) ?? {};
    const known = Object.hasOwn(object, member) ? [object[member], value] : value;
    Object.defineProperty(object, member, { value: known, enumerable: true, configurable: true, writable: true });
    objects.set(name, object);
  }
  return { objects, others };
}
