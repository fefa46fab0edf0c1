/** What a person can do with a running stack: the same few lines after `dev` starts and after `generate` ends. */

export interface Address {
  readonly url: string;
  readonly api_key: string;
}

/** A request by hand. */
export function curlLine({ url, api_key }: Address): string {
  return `curl ${url}/v1/videos -H "Authorization: Bearer ${api_key}" -F prompt="a red balloon rises over the sea"`;
}

/** The address under which players and the page `/watch` show a video while it is made. */
export function watchLine({ url, api_key }: Address): string {
  return `curl -X POST ${url}/v1/videos/<id>/stream_url -H "Authorization: Bearer ${api_key}"`;
}

/** The stock OpenAI SDK, with another address. */
export function sdkLines({ url, api_key }: Address): string[] {
  return [
    "import OpenAI from 'openai';",
    `const client = new OpenAI({ baseURL: '${url}/v1', apiKey: '${api_key}' });`,
    "const video = await client.videos.create({ prompt: 'a red balloon rises over the sea' });",
  ];
}

export function indent(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '\n' : `  ${line}\n`)).join('');
}
