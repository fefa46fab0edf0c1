/**
 * For tests: C2PA's conformance rubric, whose statements are json-formula expressions over what a reader says of a file (crJSON). The
 * rubric is C2PA's own and not ours to ship; it is read from where it lies.
 */
import { readFile } from 'node:fs/promises';
import JsonFormula, { dataTypes } from '@adobe/json-formula';
import { parseAllDocuments } from 'yaml';

export interface Finding {
  readonly id: string;
  readonly is_met: boolean;
  /** What a statement that is not met found, or why it could not be evaluated. */
  readonly found: unknown;
}

interface Statement {
  readonly id: string;
  readonly expression?: string;
  readonly failIfMatched?: boolean;
  readonly warnIfMatched?: boolean;
}

interface Interpreter {
  readonly globals: Record<string, unknown>;
  search(ast: object, data: unknown): unknown;
}

/** @param path of `asset-rubric-conformance<version>-spec<version>.yml` @returns what it finds in a file's crJSON */
export async function openRubric(path: string): Promise<(cr_json: object) => Finding[]> {
  const spec_version = /spec(\d+\.\d+)/.exec(path)?.[1];
  if (spec_version === undefined) throw new Error(`${path} names no version of the specification: keep the rubric's own file name`);
  const [head, ...lists] = parseAllDocuments(await readFile(path, 'utf8')).map((document) => document.toJS());
  const { variables, expressions } = head as { variables: Record<string, unknown>; expressions: Record<string, string> };
  const globals = { ...variables, $expected_spec_version: spec_version, $args: [] };
  const names = [...Object.keys(globals), ...Object.keys(expressions)];
  const compiler = new JsonFormula();
  const functions = Object.fromEntries(
    Object.entries(expressions).map(([name, expression]) => [
      name,
      {
        _func: (args: unknown[], data: unknown, interpreter: Interpreter) => {
          const before = interpreter.globals.$args;
          interpreter.globals.$args = args;
          try {
            return interpreter.search(compiler.compile(expression.trim(), names), data);
          } finally {
            interpreter.globals.$args = before;
          }
        },
        _signature: Array.from({ length: argumentsOf(expression) }, () => ({ types: [dataTypes.TYPE_ANY] })),
      },
    ]),
  );
  const engine = new JsonFormula(functions);
  const statements = lists.flat().filter((statement: Statement) => statement?.expression !== undefined) as Required<Statement>[];
  if (statements.length === 0) throw new Error(`${path} holds no statements`);
  return (cr_json) => statements.map((statement) => evaluate(engine, statement, cr_json, globals));
}

/** An expression takes as many arguments as it mentions. */
function argumentsOf(expression: string): number {
  return Math.max(0, ...[...expression.matchAll(/\$args\[(\d+)\]/g)].map(([, index]) => Number(index) + 1));
}

/** As the rubric's own evaluator judges: a list that matched, a truth, or a number above 0. */
function evaluate(engine: JsonFormula, statement: Required<Statement>, cr_json: object, globals: object): Finding {
  const { id, expression, failIfMatched, warnIfMatched } = statement;
  try {
    const found = engine.search(expression.trim(), cr_json, globals);
    const has_matches = Array.isArray(found) && found.length > 0;
    if (failIfMatched || warnIfMatched) return { id, is_met: !has_matches, found };
    return { id, is_met: Array.isArray(found) ? has_matches : typeof found === 'number' ? found > 0 : Boolean(found), found };
  } catch (error) {
    return { id, is_met: false, found: String(error) };
  }
}
