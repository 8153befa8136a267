/** The code that Node puts on its errors, such as ENOENT. Not by `instanceof`: they may be of another realm. */
export function errnoCodeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : undefined;
}
