import type { Secret } from '../../shared/secret.ts';

/** How the gateway proves that it is the app that it says it is, as it is configured. */
export type ClientCredential =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | {
      readonly kind: 'certificate';
      /** A PEM file with the private key and the certificate, the ones in between behind it. */
      readonly path: string;
      readonly passphrase?: Secret | undefined;
      /** Whether all certificates go along, for registrations that trust by subject and issuer. */
      readonly sendsChain?: boolean;
    }
  /** Workload identity: a token of the cluster's in a file that is replaced from time to time. */
  | { readonly kind: 'federated-token'; readonly path: string };

/** The same in MSAL's terms. */
export type ClientProof =
  | { readonly clientSecret: string }
  | { readonly clientAssertion: string }
  | {
      readonly clientCertificate: {
        readonly thumbprintSha256: string;
        readonly privateKey: string;
        readonly x5c?: string;
      };
    };
