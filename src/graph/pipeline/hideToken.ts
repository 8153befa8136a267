import { withExactNumbers } from '../exactNumbers.ts';
import { parseJson } from '../json.ts';
import type { GraphResponse, Policy } from '../request.ts';

const mark = '[redacted]';

/**
 * Takes the token that was sent out of a refusal that repeats it, whatever it looks like: words of a refusal go to
 * callers and its ids into logs. Fewer than eight characters are no secret, and part of many a word. A success is the caller's own data, and stays byte for byte.
 */
export const hideToken: Policy = async (request, next) => {
  const response = await next(request);
  const token = /^Bearer (.{8,})$/.exec(request.headers['authorization'] ?? '')?.[1];
  return response.status < 300 || token === undefined ? response : withoutToken(response, token);
};

function withoutToken(response: GraphResponse, token: string): GraphResponse {
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
