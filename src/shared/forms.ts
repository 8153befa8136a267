/** The code that Node puts on its errors, such as ENOENT. Not by `instanceof`: they may be of another realm. */
export function errnoCodeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : undefined;
}

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a text is a UUID in the form that Entra and Graph give to their ids: 8-4-4-4-12, in any case, no braces. */
export function isGuid(text: string): boolean {
  return guid.test(text);
}
