import { IdentityError } from '../errors.ts';

const types: readonly unknown[] = [undefined, 'jwt', 'at+jwt', 'application/at+jwt'];

/**
 * Reads which key a token says that it is signed with. Keys and addresses of keys in the header (`jwk`, `jku`, `x5c`,
 * `x5u`) are never looked at: the gateway knows its keys, and a token cannot bring its own.
 * @throws IdentityError where the header is not that of an access token of Entra's.
 */
export function readKeyId({ alg, kid, typ, ...others }: Readonly<Record<string, unknown>>): string {
  if (alg !== 'RS256') {
    throw new IdentityError('algorithm-not-allowed');
  }
  // What is critical has to be understood, and nothing that could stand there is.
  if (Object.hasOwn(others, 'crit') || !types.includes(lowerCased(typ))) {
    throw new IdentityError('header-not-allowed');
  }
  if (typeof kid !== 'string' || kid === '') {
    throw new IdentityError('key-unknown');
  }
  return kid;
}

function lowerCased(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}
