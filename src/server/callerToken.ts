import { Secret } from '../shared/secret.ts';

const maximumLength = 16 * 1024;

/**
 * Reads the caller's bearer token from the raw header lines. Only its form is judged: Graph's tokens are opaque to
 * everyone else. Two `Authorization` headers count as none, because two readers could pick different ones.
 */
export function readCallerToken(rawHeaders: readonly string[]): Secret | undefined {
  const values = rawHeaders.filter(
    (_text, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  );
  const [value = ''] = values;
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(value)?.[1];
  if (values.length !== 1 || token === undefined || token.length > maximumLength) {
    return undefined;
  }
  return new Secret(token);
}
