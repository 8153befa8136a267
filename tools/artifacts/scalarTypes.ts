/**
 * How scalars read in TypeScript; `codegen.yml` uses the same, and a test compares the two. `ID` is among them because
 * code generators take numbers for it too, and Graph has none.
 */
export const scalarTypes: Readonly<Record<string, string>> = {
  ID: 'string',
  DateTimeOffset: 'string',
  NonEmptyString: 'string',
  UUID: 'string',
  JSONObject: 'Record<string, unknown>',
};
