import type { ProblemBody } from './problemBody.ts';

const single: ReadonlySet<string> = new Set(['authorization', 'content-type', 'host']);

/** Gives the name of a header that came twice and must not: of two, each reader on the way could pick another one. */
export function findDoubledHeader(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (single.has(name) && seen.has(name)) {
      return name;
    }
    seen.add(name);
  }
  return undefined;
}

/** What a request is answered that has such a header. */
export function doubledHeaderBody(name: string): ProblemBody {
  const message = `The header "${name}" came more than once; send it once.`;
  return { errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] };
}
