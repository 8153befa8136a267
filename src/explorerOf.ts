import type { Config } from './config/config.ts';
import { embeddedGraphToken } from './embeddedGraphToken.ts';
import type { Explorer } from './http/explorer.ts';
import { exampleMutation, exampleVariables } from './http/explorerExample.ts';

/**
 * What `/` shows under a configuration: the example that the upstream can carry out, with a token where it is no secret.
 * Only the embedded Graph is known to be of the generation that has `windows*`; Microsoft's beta of today refuses them.
 */
export function explorerOf({
  explorer,
  upstream,
  apiVersion,
}: Pick<Config, 'explorer' | 'upstream' | 'apiVersion'>): Explorer | undefined {
  if (explorer === 'off') {
    return undefined;
  }
  const isEmbedded = upstream.kind === 'emulator';
  const isOfPage = isEmbedded && upstream.betaGeneration !== 'today';
  const token = isEmbedded ? embeddedGraphToken : '';
  return {
    mode: explorer,
    example: {
      document: exampleMutation,
      variables: exampleVariables(apiVersion === 'beta' && isOfPage),
      headers: { authorization: `Bearer ${token}` },
    },
  };
}
