/** Statements with their values written into them, for a program that takes only text. */
import type { Statement } from './stack/account.ts';

/** One line that is safe inside the double quotes of a shell. */
export function sqlText(statements: readonly Statement[]): string {
  return statements.map(({ sql, values }) => `${withValues(sql, values)};`).join(' ');
}

function withValues(sql: string, values: readonly (string | number)[]): string {
  const left = [...values];
  return sql.replaceAll('?', () => {
    const value = left.shift();
    if (value === undefined) throw new RangeError(`fewer values than question marks: ${sql}`);
    return typeof value === 'number' ? String(value) : textLiteral(value);
  });
}

/** What neither SQL nor a shell may take for its own goes as bytes. */
function textLiteral(value: string): string {
  return /^[\w .,:@-]*$/.test(value) ? `'${value}'` : `CAST(X'${Buffer.from(value).toString('hex')}' AS TEXT)`;
}
