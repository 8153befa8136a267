/** Parses JSON, giving undefined where the text is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Gives the JSON of an answer's body, undefined where it is none. */
export function jsonOf({
  body,
  json,
}: {
  readonly body: Buffer;
  readonly json?: unknown;
}): unknown {
  return json ?? parseJson(body.toString('utf8'));
}
