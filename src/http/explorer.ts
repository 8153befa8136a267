import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/readers.ts';
import { embeddedGraphToken } from '../shared/secret.ts';
import {
  type ExplorerStart,
  explorerTabs,
  type OfflineSettings,
  type SandboxSettings,
} from './explorerSettings.ts';

/** Under `auto`, Sandbox is shown, and if it cannot be loaded the page without the internet. */
type ExplorerConfig = Pick<Config, 'explorer' | 'upstream' | 'apiVersion'>;

const secondsOfDay = 86_400;

/**
 * Adds the page at `/` with all that it loads from the gateway.
 * @throws ConfigError if the page without the internet is asked for and not installed.
 */
export async function addExplorer(
  app: FastifyInstance,
  config: ExplorerConfig,
  newId: () => string,
): Promise<void> {
  const { explorer: wanted } = config;
  const { folder, assets, hasOffline } = findExplorer();
  if (wanted === 'offline' && !hasOffline) {
    throw new ConfigError([
      `EXPLORER is offline, and its pages are a package of their own: install ${optionalPackage}, or set EXPLORER to sandbox or off.`,
    ]);
  }
  const mode = hasOffline ? wanted : 'sandbox';
  const start = exampleOf(config);
  const settings: Readonly<Record<ExplorerPage, SandboxSettings | OfflineSettings>> = {
    sandbox: {
      ...start,
      scriptUrl: `${sandboxScriptOrigin}/v2/embeddable-sandbox.umd.production.min.js`,
      frameOrigin: sandboxFrameOrigin,
      fallbackPath: mode === 'auto' ? '/?explorer=offline' : null,
      scriptTimeoutMs: 5_000,
      frameTimeoutMs: 15_000,
    },
    offline: {
      ...start,
      schemaPath: '/schema.graphql',
      workers: {
        editor: pathOf(assets.editorWorker),
        json: pathOf(assets.jsonWorker),
        graphql: pathOf(assets.graphqlWorker),
      },
    },
  };

  addAssets(app, folder);
  app.get('/favicon.ico', async (_request, reply) =>
    reply.code(204).header('cache-control', `public, max-age=${secondsOfDay}`).send(),
  );
  app.get('/', async (request, reply) => {
    const asked = new URLSearchParams(request.url.split('?')[1]).get('explorer');
    const isOffline = mode === 'offline' || (mode === 'auto' && asked === 'offline');
    const page = isOffline ? 'offline' : 'sandbox';
    const nonce = newId();
    return reply
      .headers(pageHeaders(page, nonce))
      .type('text/html; charset=utf-8')
      .send(explorerPage(page, assets, settings[page], nonce));
  });
}

/**
 * What the pages begin with: what the upstream can carry out, with a token if it is no secret. Only the embedded Graph is
 * known to be of the generation that has `windows*`; Microsoft's beta of today rejects them.
 */
function exampleOf({ upstream, apiVersion }: ExplorerConfig): ExplorerStart {
  const isEmbedded = upstream.kind === 'emulator';
  const isOfPage = isEmbedded && upstream.betaGeneration !== 'today';
  const token = isEmbedded ? embeddedGraphToken : '';
  return {
    tabs: explorerTabs(isEmbedded, apiVersion === 'beta' && isOfPage),
    graph: upstream.kind === 'emulator' ? 'embedded Graph' : upstream.root.host,
    headers: { authorization: `Bearer ${token}` },
    endpointPath: '/graphql',
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'application/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
};

/** Serves each file that is there at the start, and no other path. */
function addAssets(app: FastifyInstance, folder: URL): void {
  for (const name of readdirSync(new URL('assets/', folder))) {
    const file = new URL(`assets/${name}`, folder);
    const headers = {
      'content-type': contentTypes[extname(name)] ?? 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
      // A worker has the policy of its own script: this one can load and call nothing.
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
    };
    app.get(pathOf(name), async (_request, reply) =>
      reply.headers(headers).send(await readFile(file)),
    );
  }
}

/** The headers of a page. Strict transport security is missing: only what ends TLS knows for which hosts there is TLS. */
function pageHeaders(page: ExplorerPage, nonce: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': [...everywhere, ...policies[page], scriptsOf(page, nonce)].join(';'),
    // Sandbox signs in to Apollo through a window that it opens.
    'cross-origin-opener-policy': page === 'sandbox' ? 'same-origin-allow-popups' : 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-dns-prefetch-control': 'off',
    'x-frame-options': 'DENY',
  };
}

/** Where a file of the pages is served. */
const pathOf = (name: string): string => `/explorer/${name}`;

/**
 * Writes a page. All that it shows comes from its script; nothing in it is run but that.
 * @param nonce goes with this one answer; the content security policy names it too.
 */
function explorerPage(
  page: ExplorerPage,
  assets: ExplorerAssets,
  settings: object,
  nonce: string,
): string {
  const [style, script, kind] =
    page === 'sandbox'
      ? [assets.sandboxStyle, assets.sandboxScript, 'defer']
      : [assets.offlineStyle, assets.offlineScript, 'type="module"'];
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Compliance partner gateway</title>
    <link rel="icon" href="${pathOf(assets.icon)}" type="image/svg+xml">
    <link rel="stylesheet" href="${pathOf(style)}">
    <script type="application/json" id="settings">${toScriptText(settings)}</script>
    <script nonce="${nonce}" src="${pathOf(script)}" ${kind}></script>
  </head>
  <body>
    <noscript><p class="note">The explorer needs JavaScript. GraphQL is at /graphql, its schema at /schema.graphql.</p></noscript>
    ${page === 'sandbox' ? '<p class="bar" id="state"></p><p class="note" id="trying">Loading Apollo Sandbox from the internet …</p>' : ''}
    <p class="note" id="failure" hidden>Apollo Sandbox cannot be loaded: it comes from the internet. With
      <code>EXPLORER=offline</code> the gateway serves an explorer of its own.</p>
    <div id="explorer"></div>
  </body>
</html>
`;
}

/** JSON that cannot end the element that it stands in. */
function toScriptText(value: object): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Where Apollo Sandbox comes from. */
const sandboxScriptOrigin = 'https://embeddable-sandbox.cdn.apollographql.com';
const sandboxFrameOrigin = 'https://sandbox.embed.apollographql.com';

type ExplorerPage = 'sandbox' | 'offline';

/** What any page may load and do, as directives of a content security policy. */
const everywhere = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "connect-src 'self'",
];
const policies: Readonly<Record<ExplorerPage, readonly string[]>> = {
  sandbox: ["style-src 'self'", "img-src 'self'", `frame-src ${sandboxFrameOrigin}`],
  offline: [
    // The editor places its lines and colours by styles that it writes itself.
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data:",
    "worker-src 'self'",
  ],
};

/** Scripts need the nonce of the answer. */
function scriptsOf(page: ExplorerPage, nonce: string): string {
  return `script-src 'nonce-${nonce}'${page === 'sandbox' ? ` ${sandboxScriptOrigin}` : ''}`;
}

/** The names of the files that the explorer's pages load, as the build wrote them. */
export interface ExplorerAssets {
  readonly icon: string;
  readonly sandboxScript: string;
  readonly sandboxStyle: string;
  readonly offlineScript: string;
  readonly offlineStyle: string;
  readonly editorWorker: string;
  readonly jsonWorker: string;
  readonly graphqlWorker: string;
}

/** Has the page without the internet, which is seven megabytes, for installations of the gateway's package. */
const optionalPackage = 'compliance-partner-explorer';

/** Finds the files: those of this package, or of the optional one if it is installed and has more. */
function findExplorer() {
  const own = readExplorer(new URL('../../dist/explorer/', import.meta.url));
  if (own.hasOffline) {
    return own;
  }
  try {
    const { resolve } = createRequire(import.meta.url);
    const list = pathToFileURL(resolve(`${optionalPackage}/dist/assets.json`));
    return readExplorer(new URL('./', list));
  } catch {
    return own;
  }
}

/**
 * @param folder with the list of files and the folder `assets`.
 * @throws Error if the explorer was not built.
 */
function readExplorer(folder: URL) {
  // Written by this package's own build, in this form.
  const assets = JSON.parse(readFileSync(new URL('assets.json', folder), 'utf8')) as ExplorerAssets;
  return {
    folder,
    assets,
    /** Whether the page without the internet is there too. */
    hasOffline: existsSync(new URL(`assets/${assets.offlineScript}`, folder)),
  };
}
