import { constants, type KeyObject, sign } from 'node:crypto';

export type TokenAlgorithm = 'RS256' | 'PS256' | 'ES256';

/** Writes a token with the crypto of Node alone, so that no library of the product judges its own work. */
export function signToken(
  header: object,
  payload: object | string,
  key: KeyObject,
  algorithm: TokenAlgorithm = 'RS256',
): string {
  const payloadText = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const input = `${encode(JSON.stringify(header))}.${encode(payloadText)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, ...paddings[algorithm] }).toString('base64url')}`;
}

const paddings = {
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ES256: { dsaEncoding: 'ieee-p1363' },
} as const;

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}
