import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

let last: { readonly authorities: string; readonly secureContext: SecureContext } | undefined;

/**
 * For a connection: trust in authorities beside the machine's own, each in PEM. Node.js takes tens of milliseconds to
 * read all of them, so it does not for each connection, nor for each of the gateway's clients.
 */
export function trustIn(certificateAuthorities: readonly string[] | undefined): {
  readonly secureContext?: SecureContext;
} {
  if (certificateAuthorities === undefined) {
    return {};
  }
  const authorities = certificateAuthorities.join('\n');
  if (last?.authorities !== authorities) {
    const ca = [...rootCertificates, ...certificateAuthorities];
    last = { authorities, secureContext: createSecureContext({ ca }) };
  }
  return { secureContext: last.secureContext };
}
