import type { ClientCredential } from '../clientProof.ts';
import { OutboundIdentityError } from '../tokenFacts.ts';
import { createReadProof } from './readProof.ts';

/**
 * Reads a credential's file once, before anybody needs it. Says what is wrong with it, undefined where nothing is. A
 * gateway that starts without it would be ready, and refuse everybody.
 */
export async function findCredentialProblem(
  credential: ClientCredential,
): Promise<string | undefined> {
  try {
    await createReadProof(credential)();
    return undefined;
  } catch (error) {
    if (!(error instanceof OutboundIdentityError)) {
      throw error;
    }
    const { systemCode } = error.facts;
    const what = error.message.replace(/\.$/, '');
    return systemCode === undefined ? `${what}.` : `${what} (${systemCode}).`;
  }
}
