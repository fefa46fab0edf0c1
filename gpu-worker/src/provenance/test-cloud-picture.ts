/** For tests: pictures whose content credentials were put into a cloud, as editors of photographs offer it: only their XMP says where. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { encodeJpeg } from '../media/jpeg.ts';
import { makeClip } from '../media/test-clip.ts';

const XMP = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/"
dcterms:provenance="https://manifests.example.com/urn-c2pa-1"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;

export async function makeCloudJpeg(folder: string): Promise<string> {
  const jpeg = encodeJpeg(makeClip({ width: 64, height: 64 }, 0, 1), 64, 64);
  const content = Buffer.from(`http://ns.adobe.com/xap/1.0/\0${XMP}`);
  const length = content.length + 2;
  const app1 = Buffer.concat([Buffer.of(0xff, 0xe1, length >> 8, length & 255), content]);
  return written(join(folder, 'cloud.jpg'), [jpeg.subarray(0, 2), app1, jpeg.subarray(2)]);
}

export async function makeCloudPng(folder: string): Promise<string> {
  const header = Buffer.from([0, 0, 0, 64, 0, 0, 0, 64, 8, 0, 0, 0, 0]);
  const parts = [
    chunk('IHDR', header),
    // ISO 15948, 11.3.4.5: keyword, not compressed, neither language nor translation
    chunk('iTXt', Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${XMP}`)),
    chunk('IDAT', deflateSync(new Uint8Array(65 * 64))),
    chunk('IEND', new Uint8Array(0)),
  ];
  return written(join(folder, 'cloud.png'), [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const [head, tail] = [Buffer.alloc(4), Buffer.alloc(4)];
  head.writeUInt32BE(content.length);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}

async function written(path: string, parts: readonly Uint8Array[]): Promise<string> {
  await writeFile(path, Buffer.concat(parts));
  return path;
}
