import type { AuthorityFault } from '../authority/faults.ts';
import type { MintWish } from '../authority/mint.ts';
import { contoso } from '../authority/people.ts';
import type { TestAuthority } from '../authority/startAuthority.ts';
import { type Answer, json } from '../scriptedServer.ts';
import { canary } from './canaries.ts';
import { dirty } from './dirtyGraph.ts';

/** How the gateway proves who it is. */
export type Proof =
  | 'secret'
  | 'wrong secret'
  | 'certificate'
  | 'locked certificate'
  | 'federated token';

/** What a path changes of the way to a token and of the caller's own. */
export interface IdentityPath {
  readonly name: string;
  readonly mode: 'on-behalf-of' | 'app-only';
  readonly proof: Proof;
  /** What the authority does when it is asked for a token. */
  readonly fault?: AuthorityFault;
  readonly graph?: Answer;
  /** The caller's token; a good one unless it is said. */
  readonly token?: (authority: TestAuthority) => string;
  /** Of the answer's first error: it shows that it came to this. */
  readonly code: string | undefined;
}

/** What a token endpoint says in its answers that is for nobody. */
export const endpointSecrets = {
  'words of the token endpoint': canary('description'),
  'grant of the token endpoint': canary('grant'),
};

const said = JSON.stringify({
  error: 'server_error',
  error_description: `AADSTS1: ${canary('description')}`,
  access_token: canary('grant'),
  refresh_token: canary('grant'),
});
const minted = (wish: MintWish) => (authority: TestAuthority) => authority.mint(wish);
const obo = { mode: 'on-behalf-of', proof: 'secret' } as const;
const app = { mode: 'app-only', proof: 'secret' } as const;
const rubbish = { kind: 'rubbish', body: said } as const;

/** The paths of a gateway that gets its own tokens. A new one is a line here. */
export const identityPaths: readonly IdentityPath[] = [
  { ...obo, name: 'everything goes well', code: undefined },
  { ...obo, name: 'Graph refuses the exchanged token', graph: dirty(401), code: 'UNAUTHENTICATED' },
  { ...obo, name: 'Graph forbids', graph: dirty(403), code: 'FORBIDDEN' },
  { ...obo, name: 'Graph has a fault', graph: dirty(500), code: 'UPSTREAM_UNAVAILABLE' },
  {
    ...obo,
    name: 'the exchange asks something of the user',
    fault: { kind: 'interaction-required' },
    code: 'UNAUTHENTICATED',
  },
  { ...obo, name: 'the endpoint grants rubbish', fault: rubbish, code: 'UPSTREAM_UNAVAILABLE' },
  {
    ...obo,
    name: 'the endpoint sends elsewhere',
    fault: { kind: 'redirect', location: `https://elsewhere/${canary('description')}` },
    code: 'UPSTREAM_UNAVAILABLE',
  },
  { ...obo, name: 'the endpoint hangs up', fault: { kind: 'reset' }, code: 'UPSTREAM_UNAVAILABLE' },
  {
    ...obo,
    name: 'the endpoint throttles',
    fault: { kind: 'status', status: 429, retryAfter: '60' },
    code: 'THROTTLED',
  },
  {
    ...obo,
    name: 'the secret is wrong',
    proof: 'wrong secret',
    code: 'INTERNAL_SERVER_ERROR',
  },
  { ...obo, name: 'the certificate is good', proof: 'certificate', code: undefined },
  {
    ...obo,
    name: "the certificate's passphrase is wrong",
    proof: 'locked certificate',
    code: 'INTERNAL_SERVER_ERROR',
  },
  {
    ...obo,
    name: 'the federated token is refused',
    proof: 'federated token',
    code: 'INTERNAL_SERVER_ERROR',
  },
  {
    ...obo,
    name: 'the token has expired',
    token: minted({ lifetimeSeconds: -120 }),
    code: 'UNAUTHENTICATED',
  },
  {
    ...obo,
    name: 'the token is for Graph',
    token: minted({ audience: 'https://graph.microsoft.com' }),
    code: 'UNAUTHENTICATED',
  },
  {
    ...obo,
    name: 'the token has a forged signature',
    token: (authority) => `${authority.mint()}AAAA`,
    code: 'UNAUTHENTICATED',
  },
  { ...obo, name: 'the token is none', token: () => canary('no-token'), code: 'UNAUTHENTICATED' },
  {
    ...obo,
    name: "the token's claims are strange",
    token: minted({ claims: { tid: canary('claim'), scp: canary('claim'), aud: canary('claim') } }),
    code: 'UNAUTHENTICATED',
  },
  {
    ...obo,
    name: 'the user has no permission',
    token: minted({ scope: canary('claim'), tenant: contoso }),
    code: 'FORBIDDEN',
  },
  { ...app, name: 'everything goes well', code: undefined },
  { ...app, name: "Graph refuses the gateway's token", graph: dirty(401), code: 'UNAUTHENTICATED' },
  { ...app, name: 'the endpoint grants rubbish', fault: rubbish, code: 'UPSTREAM_UNAVAILABLE' },
  { ...app, name: 'the secret is wrong', proof: 'wrong secret', code: 'INTERNAL_SERVER_ERROR' },
];

export const goodPage = json(200, { value: [] });
