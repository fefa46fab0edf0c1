/** The OpenAPI document as one HTML page: every operation with its fields, answers and refusals. Knows nothing of our routes. */
import type { OpenApiDocument } from './document.ts';
import type { Json } from './operation.ts';

export const DOCS_STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --soft: color-mix(in srgb, currentColor 6%, transparent) }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 6rem }
code, pre { font: .875em/1.5 ui-monospace, monospace }
pre { background: var(--soft); border-radius: 6px; overflow-x: auto; padding: .75rem 1rem }
nav ul { columns: 17rem; list-style: none; padding: 0 } nav a { text-decoration: none }
section { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: .5rem }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 1rem } details[open] { padding-bottom: 1rem }
summary { cursor: pointer; padding: .5rem 0 } .method { display: inline-block; font-weight: 600; min-width: 4.5rem }
table { border-collapse: collapse; width: 100% } th, td { border-bottom: 1px solid var(--line); padding: .35rem .5rem .35rem 0; text-align: left; vertical-align: top }
td { overflow-wrap: anywhere }
`;

interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

export function renderDocs(document: OpenApiDocument): string {
  const { info, tags, components } = document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const of = (tag: string) => operations.filter(({ operation }) => list(operation.tags).includes(tag));
  const index = tags.map(({ name }) => `<li><a href="#${text(name)}">${text(name)}</a></li>`).join('');
  const sections = tags.map(
    ({ name, description }) =>
      `<section id="${text(name)}"><h2>${text(name)}</h2><p>${prose(description)}</p>${of(name)
        .map(({ path, method, operation }) => renderOperation(path, method, operation, document))
        .join('')}</section>`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `<details id="${text(name)}"><summary><code>${text(name)}</code></summary>${renderFields(schema)}</details>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text(info.title)} API</title>
<style>${DOCS_STYLE}</style>
<h1>${text(info.title)} API</h1>${paragraphs(info.description)}<p>For machines: <a href="/openapi.json">/openapi.json</a>.</p>
<nav><ul>${index}<li><a href="#Schemas">Schemas</a></li></ul></nav>
${sections.join('\n')}
<section id="Schemas"><h2>Schemas</h2>${schemas.join('\n')}</section></html>`;
}

function renderOperation(path: string, method: string, operation: Json, document: OpenApiDocument): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const body = requestBody as { content: Record<string, { schema: Json; example?: unknown }> } | undefined;
  const json = body?.content['application/json'];
  return `<details id="${text(operationId)}"><summary><span class="method">${text(method.toUpperCase())}</span> <code>${text(path)}</code> ${text(summary)}</summary>
${paragraphs(description ?? '')}${renderParameters(list(parameters) as Json[], document)}
${
  json
    ? `<h4>Body</h4><p>${Object.keys(body?.content ?? {})
        .map(code)
        .join(' or ')}</p>${renderFields(resolve(json.schema, document))}${example(json.example)}`
    : ''
}
<h4>Answers</h4>${Object.entries(responses as Record<string, Json>)
    .map(([status, response]) => renderResponse(status, resolve(response, document)))
    .join('')}</details>`;
}

function renderParameters(parameters: readonly Json[], document: OpenApiDocument): string {
  if (parameters.length === 0) return '';
  const fields = parameters
    .map((parameter) => resolve(parameter, document))
    .map(({ name, in: place, required, description, schema }) => ({
      name: String(name),
      type: `${typeOf(schema as Json)}, ${place}`,
      required: required === true,
      description: String(description),
    }));
  return `<h4>Parameters</h4>${table(fields)}`;
}

function renderResponse(status: string, { description, content }: Json): string {
  const media = Object.entries((content ?? {}) as Record<string, { schema?: Json; example?: unknown }>);
  const types = media.map(([type, { schema }]) => (schema ? typeOf(schema) : code(type))).join(' or ');
  return `<p><b>${text(status)}</b> ${types} ${prose(String(description))}</p>${media.map((entry) => example(entry[1].example)).join('')}`;
}

function renderFields(schema: Json): string {
  const required = list(schema.required);
  const fields = Object.entries((schema.properties ?? {}) as Record<string, Json>).map(([name, property]) => ({
    ...{ name, type: typeOf(property), required: required.includes(name), description: String(property.description ?? '') },
  }));
  return table(fields);
}

function table(fields: readonly Field[]): string {
  const rows = fields.map(
    ({ name, type, required, description }) =>
      `<tr><td>${code(name)}${required ? '' : ' <small>optional</small>'}<td>${type}<td>${prose(description)}`,
  );
  return `<table>${rows.join('')}</table>`;
}

/** A schema in one line, as HTML. */
function typeOf(schema: Json): string {
  const { $ref, anyOf, allOf, type, enum: values, const: value, items, minimum, maximum, maxLength, properties } = schema;
  if (typeof $ref === 'string') return link($ref);
  if (anyOf || allOf)
    return list(anyOf ?? allOf)
      .map((part) => typeOf(part as Json))
      .filter(Boolean)
      .join(anyOf ? ' or ' : ' with ');
  if (values)
    return list(values)
      .map((one) => code(JSON.stringify(one)))
      .join(' ');
  if (value !== undefined) return code(JSON.stringify(value));
  if (type === 'array') return `list of ${typeOf((items ?? {}) as Json)}`;
  if (properties)
    return `{ ${Object.entries(properties as Record<string, Json>)
      .map(([name, of]) => `${text(name)}: ${typeOf(of)}`)
      .join(', ')} }`;
  const bounds = [
    minimum !== undefined && `≥ ${minimum}`,
    maximum !== undefined && `≤ ${maximum}`,
    maxLength !== undefined && `≤ ${maxLength} characters`,
  ];
  return text([type ?? 'any', ...bounds.filter(Boolean)].join(' '));
}

function link(ref: string): string {
  const name = ref.split('/').at(-1) ?? '';
  return `<a href="#${text(name)}">${text(name)}</a>`;
}

function resolve(value: Json, document: OpenApiDocument): Json {
  if (typeof value.$ref !== 'string') return value;
  return value.$ref
    .split('/')
    .slice(1)
    .reduce<Json>((at, name) => at[name] as Json, document as unknown as Json);
}

function example(value: unknown): string {
  return value === undefined ? '' : `<pre>${text(JSON.stringify(value, null, 2))}</pre>`;
}

function paragraphs(value: unknown): string {
  return String(value)
    .split('\n\n')
    .filter(Boolean)
    .map((part) => `<p>${prose(part)}</p>`)
    .join('');
}

/** Text with `code` in backticks. */
function prose(value: string): string {
  return text(value).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function code(value: unknown): string {
  return `<code>${text(value)}</code>`;
}

function text(value: unknown): string {
  return String(value).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
