/**
 * Letters that are drawn like a Latin one: the part of Unicode's confusables (UTS 39) that NFKC leaves alone. Each
 * group is the Latin letter and its look-alikes, after lower case and without accents.
 */
const GROUPS: readonly string[] = [
  'aаαɑᴀꭺ',
  'bьвʙβЬ',
  'cсϲᴄ',
  'dԁɗᴅđ',
  'eеєεҽᴇɛ',
  'fƒꜰ',
  'gɡԍɢ',
  'hһнʜն',
  'iіιıɩɪӏ',
  'jјϳᴊ',
  'kкκᴋƙ',
  'lⅼʟłɭ',
  'mмᴍʍ',
  'nпηɴռո',
  'oоοσօøᴏѳɵ',
  'pрρᴘƥ',
  'qԛգ',
  'rгʀɍ',
  'sѕꜱʂ',
  'tтτᴛŧ',
  'uυսᴜʊц',
  'vνѵᴠ',
  'wѡԝᴡωɯш',
  'xхχ',
  'yуγүʏ',
  'zᴢʐƶ',
];

const LATIN: ReadonlyMap<string, string> = new Map(
  GROUPS.flatMap((group) => {
    const [latin = '', ...others] = group;
    return others.map((other): [string, string] => [other, latin]);
  }),
);

/** The word in Latin letters where each of its letters looks like one, else the word itself. */
export function latinLookAlike(word: string): string {
  const latin = Array.from(word, (char) => LATIN.get(char) ?? char).join('');
  return /^[\x21-\x7e]*$/.test(latin) ? latin : word;
}
