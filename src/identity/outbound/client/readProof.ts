import { NamedFileError, readNamedFile } from '../../../shared/namedFile.ts';
import type { ClientCredential, ClientProof } from '../clientProof.ts';
import { OutboundIdentityError } from '../tokenFacts.ts';
import { readCertificate } from './readCertificate.ts';

/** Gives the proof as it is now: files are read again for each acquisition, since others replace them. */
export type ReadProof = () => Promise<ClientProof>;

/** @throws OutboundIdentityError from the reader where a file is missing or holds something else. */
export function createReadProof(credential: ClientCredential): ReadProof {
  switch (credential.kind) {
    case 'secret':
      return async () => ({ clientSecret: credential.secret.reveal() });
    case 'federated-token':
      return async () => {
        const text = await readText(credential.path, 'federated token');
        return { clientAssertion: tokenOf(text) };
      };
    case 'certificate': {
      let last: { readonly text: string; readonly proof: ClientProof } | undefined;
      return async () => {
        const text = await readText(credential.path, 'client certificate');
        if (last?.text !== text) {
          last = { text, proof: { clientCertificate: readCertificate(text, credential) } };
        }
        return last.proof;
      };
    }
  }
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return (await readNamedFile(path)).toString('utf8');
  } catch (error) {
    if (!(error instanceof NamedFileError)) {
      throw error;
    }
    const { code: systemCode } = error;
    // A code is shown by whoever reports the error.
    const reason = systemCode === undefined ? `: ${error.reason}` : '';
    const message = `The file with the ${what} cannot be read${reason}.`;
    throw new OutboundIdentityError(message, { systemCode });
  }
}

function tokenOf(text: string): string {
  const token = text.trim();
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
    throw new OutboundIdentityError('The file with the federated token holds no token.');
  }
  return token;
}
