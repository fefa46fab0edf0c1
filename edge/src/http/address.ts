/**
 * Which IP addresses lie in the public Internet. IPv4 by the IANA special-purpose registry; of IPv6 only global unicast
 * without the ranges that stand for other addresses (Teredo, 6to4) or for none (documentation).
 */

/** Networks of IPv4 that are nobody's public host: [address, prefix length]. */
const SPECIAL_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const GLOBAL_V6: readonly [string, number] = ['2000::', 3];
const SPECIAL_V6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** @param text an address without brackets */
export function isPublicAddress(text: string): boolean {
  const v4 = parseV4(text);
  if (v4 !== undefined) return !SPECIAL_V4.some(([network, bits]) => inNetwork(v4, must(parseV4(network)), 32 - bits));
  const v6 = parseV6(text);
  if (v6 === undefined || !inNetwork(v6, must(parseV6(GLOBAL_V6[0])), 128 - GLOBAL_V6[1])) return false;
  return !SPECIAL_V6.some(([network, bits]) => inNetwork(v6, must(parseV6(network)), 128 - bits));
}

/** 127.0.0.0/8 and ::1 */
export function isLoopbackAddress(text: string): boolean {
  const v4 = parseV4(text);
  return v4 === undefined ? parseV6(text) === 1n : v4 >> 24n === 127n;
}

export function isAddress(text: string): boolean {
  return parseV4(text) !== undefined || parseV6(text) !== undefined;
}

function inNetwork(address: bigint, network: bigint, host_bits: number): boolean {
  return address >> BigInt(host_bits) === network >> BigInt(host_bits);
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((address, part) => (address << 8n) | BigInt(part), 0n);
}

/** RFC 4291, section 2.2, with an IPv4 address at the end where there is one. */
function parseV6(text: string): bigint | undefined {
  if (!/^[0-9a-fA-F:.]*$/.test(text) || !text.includes(':')) return undefined;
  const [head = '', tail, ...rest] = text.split('::');
  if (rest.length > 0) return undefined;
  const left = groups(head, tail === undefined);
  const right = tail === undefined ? [] : groups(tail, true);
  if (!left || !right) return undefined;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...left, ...Array<bigint>(missing).fill(0n), ...right].reduce((address, group) => (address << 16n) | group, 0n);
}

/** @param is_end only there an IPv4 address may stand */
function groups(text: string, is_end: boolean): bigint[] | undefined {
  if (text === '') return [];
  const found: bigint[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const v4 = is_end && i === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 !== undefined) found.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return found;
}

function must(address: bigint | undefined): bigint {
  if (address === undefined) throw new Error('a network of the list does not parse');
  return address;
}
