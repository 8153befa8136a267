import helmet from '@fastify/helmet';
import serveFiles from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { explorerAssetsFolder, readExplorerAssets } from '../server/explorer/explorerAssets.ts';
import { explorerAssetsPath, explorerPage } from '../server/explorer/explorerPage.ts';
import {
  type ExplorerPage,
  explorerPolicy,
  sandboxFrameOrigin,
  sandboxScriptOrigin,
} from '../server/explorer/explorerPolicy.ts';
import type { ExplorerExample, OfflineSettings, SandboxSettings } from './explorerSettings.ts';

/** Which explorers are offered, and what they begin with. */
export interface Explorer {
  /** `auto`: Sandbox, and where it cannot be loaded the one without the internet. */
  readonly mode: 'auto' | ExplorerPage;
  readonly example: ExplorerExample;
}

const secondsOfDay = 86_400;

/** Adds the page at `/` with all that it loads from the gateway. */
export async function addExplorer(
  app: FastifyInstance,
  { mode, example }: Explorer,
  newId: () => string,
): Promise<void> {
  const assets = readExplorerAssets();
  const paths = { endpointPath: '/graphql', schemaPath: '/schema.graphql' };
  const at = (name: string): string => `${explorerAssetsPath}${name}`;
  const settings: Readonly<Record<ExplorerPage, SandboxSettings | OfflineSettings>> = {
    sandbox: {
      ...example,
      endpointPath: paths.endpointPath,
      scriptUrl: `${sandboxScriptOrigin}/v2/embeddable-sandbox.umd.production.min.js`,
      frameOrigin: sandboxFrameOrigin,
      fallbackPath: mode === 'auto' ? '/?explorer=offline' : null,
      scriptTimeoutMs: 5_000,
      frameTimeoutMs: 15_000,
    },
    offline: {
      ...example,
      ...paths,
      workers: {
        editor: at(assets.editorWorker),
        json: at(assets.jsonWorker),
        graphql: at(assets.graphqlWorker),
      },
    },
  };

  await app.register(helmet, { global: false });
  await app.register(serveFiles, {
    root: explorerAssetsFolder,
    prefix: explorerAssetsPath,
    wildcard: false,
    index: false,
    decorateReply: false,
    immutable: true,
    maxAge: '365d',
    setHeaders: (response) => {
      // A worker has the policy of its own script: this one can load nothing and call nobody.
      response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
      response.setHeader('cross-origin-resource-policy', 'same-origin');
    },
  });
  app.get('/favicon.ico', async (_request, reply) =>
    reply.code(204).header('cache-control', `public, max-age=${secondsOfDay}`).send(),
  );
  app.get('/', async (request, reply) => {
    const page = pageFor(mode, new URLSearchParams(request.url.split('?')[1]).get('explorer'));
    const nonce = newId();
    await protect(reply, page, nonce);
    return reply
      .type('text/html; charset=utf-8')
      .send(explorerPage({ page, assets, settings: settings[page], nonce }));
  });
}

/** Which page is shown; where both are there, the address may ask for one. */
export function pageFor(mode: Explorer['mode'], asked: string | null): ExplorerPage {
  if (mode !== 'auto') {
    return mode;
  }
  return asked === 'offline' ? 'offline' : 'sandbox';
}

async function protect(reply: FastifyReply, page: ExplorerPage, nonce: string): Promise<void> {
  await reply.helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: Object.fromEntries(
        Object.entries(explorerPolicy(page, nonce)).map(([name, sources]) => [name, [...sources]]),
      ),
    },
    // Sandbox signs in to Apollo through a window that it opens.
    crossOriginOpenerPolicy: {
      policy: page === 'sandbox' ? 'same-origin-allow-popups' : 'same-origin',
    },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Whether there is TLS, and for which hosts, is known to whoever ends it.
    strictTransportSecurity: false,
    // Old headers whose work the policy does.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
}
