import { parseJson, withExactNumbers } from '../shared/json.ts';
import type { GraphResponse } from './request.ts';

const mark = '[redacted]';
const shortestToken = 8;

/**
 * Takes the token that was sent out of a refusal that repeats it, whatever it looks like: words of a refusal go to
 * callers and its ids into logs. Fewer than eight characters are no secret, and part of many words. A success is the
 * caller's own data, and stays byte for byte.
 */
export function redactToken(response: GraphResponse, token: string): GraphResponse {
  if (response.status < 300 || token.length < shortestToken) {
    return response;
  }
  const hide = (text: string): string => text.replaceAll(token, mark);
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(hide) : value && hide(value),
    ]),
  );
  const text = response.body.toString('utf8');
  if (!text.includes(token)) {
    return { ...response, headers };
  }
  const hidden = hide(text);
  const { json: _repeated, ...rest } = response;
  const parsed = parseJson(hidden);
  const json = parsed !== undefined && { json: withExactNumbers(hidden, parsed) };
  return { ...rest, headers, body: Buffer.from(hidden), ...json };
}
