/** How each custom scalar reads in TypeScript; `codegen.yml` uses the same, and a test compares the two. */
export const scalarTypes: Readonly<Record<string, string>> = {
  DateTimeOffset: 'string',
  NonEmptyString: 'string',
  UUID: 'string',
  JSONObject: 'Record<string, unknown>',
};
