import type { Clock } from '../../src/shared/clock.ts';
import { contoso, gatewayClient } from './authority/people.ts';
import { type AuthorityOptions, startAuthority } from './authority/startAuthority.ts';
import { startTestGateway } from './testGateways.ts';
import { startTestGraph } from './testGraphs.ts';
import { until } from './until.ts';

export type IdentityStage = Awaited<ReturnType<typeof startIdentityStage>>;

/**
 * Starts a whole gateway that gets its own tokens, between an authority and a Graph that takes what the authority issued.
 * The gateway is ready to judge callers when this resolves.
 */
export async function startIdentityStage(
  mode: 'on-behalf-of' | 'app-only',
  environment: Record<string, string> = {},
  options: AuthorityOptions & { readonly clock?: Clock; readonly graphClock?: Clock } = {},
) {
  const { clock, graphClock } = options;
  const authority = await startAuthority(options);
  const graph = await startTestGraph({
    acceptToken: (token) => authority.issued.some((issued) => issued.accessToken === token),
    ...(graphClock && { clock: graphClock }),
  });
  const identity = {
    GRAPH_BASE_URL: graph.baseUrl,
    AUTH_MODE: mode,
    AZURE_TENANT_ID: contoso.id,
    AZURE_CLIENT_ID: gatewayClient.clientId,
    AZURE_CLIENT_SECRET: gatewayClient.secret,
    AZURE_AUTHORITY_HOST: authority.url,
    AUTH_READ_PERMISSIONS: 'access_as_user,Partners.Read,Partners.ReadWrite',
    AUTH_WRITE_PERMISSIONS: 'Partners.ReadWrite',
  };
  const surroundings = { certificateAuthorities: [authority.certificateAuthority] };
  const gateway = await startTestGateway(
    { ...identity, ...environment },
    { ...surroundings, ...(clock && { clock }) },
  );
  await until(async () => (await gateway.get('/readyz')).status === 200);
  return {
    authority,
    graph,
    gateway,
    async close(): Promise<void> {
      await gateway.stop(0);
      await graph.close();
      await authority.close();
    },
  };
}
