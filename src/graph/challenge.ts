import { isJsonObject, parseJson } from './json.ts';

/** What a `WWW-Authenticate` header says to somebody who wants to come back with a better token. */
export interface Challenge {
  /** The claims request as JSON text, or as it came where it cannot be decoded. */
  readonly claims: string | undefined;
  /** Whether Intune's own service speaks: it means a missing role, which no new token mends. */
  readonly isIntuneRole: boolean;
}

/** Reads all lines of the header at once; parameters may come in any order. */
export function readChallenge(header: string | readonly string[] | undefined): Challenge {
  const text = typeof header === 'string' ? header : (header ?? []).join(', ');
  const encoded = /[\s,]claims="([^"]{1,8192})"/i.exec(text)?.[1];
  return {
    claims: encoded === undefined ? undefined : decodeClaims(encoded),
    isIntuneRole: /realm="urn:intune:service/i.test(text),
  };
}

function decodeClaims(encoded: string): string {
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  return isJsonObject(parseJson(decoded)) ? decoded : encoded;
}
