import type { Secret } from '../shared/secret.ts';
import type { Readers } from './readers.ts';

/** How the gateway proves to Entra that it is the app that it says it is. */
export type CredentialConfig =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | {
      readonly kind: 'certificate';
      readonly path: string;
      readonly passphrase: Secret | undefined;
      readonly sendsChain: boolean;
    }
  | { readonly kind: 'federated-token'; readonly path: string };

const names = [
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'AZURE_FEDERATED_TOKEN_FILE',
] as const;

/** Reads the one credential that is set; undefined where there is none. */
export function readCredential(readers: Readers): CredentialConfig | undefined {
  const given = names.filter((name) => readers.text(name) !== undefined);
  if (given.length > 1) {
    readers.report(`${given.join(' and ')} are both set: the gateway proves itself in one way.`);
  }
  const secret = readers.secret('AZURE_CLIENT_SECRET');
  if (secret !== undefined) {
    return { kind: 'secret', secret };
  }
  const certificate = readers.text('AZURE_CLIENT_CERTIFICATE_PATH');
  if (certificate !== undefined) {
    return {
      kind: 'certificate',
      path: certificate,
      passphrase: readers.secret('AZURE_CLIENT_CERTIFICATE_PASSWORD'),
      sendsChain: readers.flag('AZURE_CLIENT_SEND_CERTIFICATE_CHAIN', false),
    };
  }
  const path = readers.text('AZURE_FEDERATED_TOKEN_FILE');
  return path === undefined ? undefined : { kind: 'federated-token', path };
}
