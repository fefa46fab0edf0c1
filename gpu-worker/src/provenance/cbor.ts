/** CBOR as C2PA wants it: byte strings as such, maps as maps, nothing that only this library would understand. */
import { Encoder, Tag } from 'cbor-x';

export const cbor = new Encoder({ tagUint8Array: false, useRecords: false, mapsAsObjects: false, variableMapSize: true });

/** A text with the tag of a date and time (RFC 8949, section 3.4.1). */
export function dateTime(at: Date): Tag {
  return new Tag(at.toISOString(), 0);
}
