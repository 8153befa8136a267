import { isUtf8 } from 'node:buffer';
import { isJsonObject, parseJson } from '../../graph/json.ts';
import { findJsonProblem } from '../../shared/json.ts';
import { IdentityError } from '../errors.ts';

/** What a token says, of which nothing is proven yet. */
export interface CompactToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

const maximumLength = 16 * 1024;

/**
 * Takes a signed token apart.
 * @throws IdentityError unless it is three parts in the one spelling that base64url has for them, the first two of them
 * JSON objects that every reader understands alike.
 */
export function readCompactToken(text: string): CompactToken {
  if (text.length > maximumLength) {
    throw new IdentityError('token-too-large');
  }
  const parts = text.split('.').map(decode);
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || !payload || !signature) {
    throw new IdentityError('token-malformed');
  }
  return { header: readObject(header), payload: readObject(payload) };
}

/** Strict, because `Buffer` skips what is no base64url and ignores the bits behind the last byte. */
function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

function readObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  const text = bytes.toString('utf8');
  const value = isUtf8(bytes) ? parseJson(text) : undefined;
  if (!isJsonObject(value) || findJsonProblem(text, value) !== undefined) {
    throw new IdentityError('token-malformed');
  }
  return value;
}
