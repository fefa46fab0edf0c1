/** The part that is used here; the package has no types of its own. */
declare module '@adobe/json-formula' {
  export const dataTypes: { readonly TYPE_ANY: number };
  export default class JsonFormula {
    constructor(functions?: object);
    search(expression: string, json: unknown, globals?: object): unknown;
    compile(expression: string, global_names?: readonly string[]): object;
  }
}
