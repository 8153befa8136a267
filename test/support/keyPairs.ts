import { generateKeyPairSync } from 'node:crypto';

/** Makes an RSA key pair as PEM texts. */
export const makeKeyPair = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
