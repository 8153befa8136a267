import { intuneErrors } from '../../intuneErrors.ts';
import type { Exchange, RequestFault } from '../fault.ts';
import { type HttpAnswer, httpAnswer, toBytes } from '../httpAnswer.ts';

/** What a Retry-After says: a text as it is, or an HTTP date so many seconds from the answer's time. */
export type RetryAfter = string | { readonly dateInSeconds: number };

const json = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };

/** Sends the given answer in place of the upstream's. */
export function answers(name: string, make: (exchange: Exchange) => HttpAnswer): RequestFault {
  return {
    name,
    at: 'request',
    executes: false,
    play: (exchange) => exchange.wire.write(toBytes(make(exchange))),
  };
}

/** Answers with a status and an error as Graph writes it. */
export function status(code: number, retryAfter?: RetryAfter): RequestFault {
  const suffix = retryAfter === undefined ? '' : ` with Retry-After ${nameOf(retryAfter)}`;
  const body = intuneErrors.plainWithTail(graphCodes[code] ?? 'UnknownError', 'Injected');
  return answers(`${code}${suffix}`, ({ nowMs }) =>
    httpAnswer(code, { ...json, ...retryAfterLine(retryAfter, nowMs()) }, body),
  );
}

/** Answers 200 with a page for people, as captive portals and proxies do. */
export const htmlPage = (): RequestFault =>
  answers('200 with HTML', () =>
    httpAnswer(200, { 'content-type': 'text/html' }, '<!doctype html><title>Welcome</title>'),
  );

/** Answers 200 with an empty body. */
export const emptySuccess = (): RequestFault =>
  answers('200 with nothing', () => httpAnswer(200, json));

export const noContent = (): RequestFault => answers('204', () => httpAnswer(204));

/** Answers 200 with any JSON, or with a text that is none. */
export function jsonText(text: string): RequestFault {
  return answers(`200 with ${text}`, () => httpAnswer(200, json, text));
}

/** Sends the client elsewhere. */
export function redirect(code: 301 | 302 | 303 | 307 | 308, to: URL): RequestFault {
  return answers(`${code} elsewhere`, () => httpAnswer(code, { location: to.href }));
}

/** Answers 401 as Graph does to a token that is out of date. */
export const unauthenticated = (): RequestFault =>
  answers('401', () =>
    httpAnswer(
      401,
      { ...json, 'www-authenticate': 'Bearer realm="", error="invalid_token"' },
      intuneErrors.plainWithTail('InvalidAuthenticationToken', 'Access token has expired.'),
    ),
  );

/** Answers 401 as Graph does to a token that misses claims. */
export function claimsChallenge(claims: object): RequestFault {
  const encoded = Buffer.from(JSON.stringify(claims)).toString('base64');
  const challenge = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="${encoded}"`;
  return answers('401 with claims', () =>
    httpAnswer(
      401,
      { ...json, 'www-authenticate': challenge },
      intuneErrors.plainWithTail('InvalidAuthenticationToken', 'Continuous access evaluation'),
    ),
  );
}

const graphCodes: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

function retryAfterLine(retryAfter: RetryAfter | undefined, nowMs: number): Record<string, string> {
  switch (typeof retryAfter) {
    case 'undefined':
      return {};
    case 'string':
      return { 'retry-after': retryAfter };
    default:
      return { 'retry-after': new Date(nowMs + retryAfter.dateInSeconds * 1000).toUTCString() };
  }
}

function nameOf(retryAfter: RetryAfter): string {
  if (typeof retryAfter === 'string') {
    return `'${retryAfter}'`;
  }
  return retryAfter.dateInSeconds < 0 ? 'a past date' : 'a date';
}
