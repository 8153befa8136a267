import {
  type OfflineSettings,
  type SandboxSettings,
  settingsElementId,
} from '../../http/explorerSettings.ts';
import type { ExplorerAssets } from './explorerAssets.ts';
import type { ExplorerPage } from './explorerPolicy.ts';

/** Where the files of the pages are served. */
export const explorerAssetsPath = '/explorer/';

/** What is needed to write a page. */
export interface ExplorerPageParts {
  readonly page: ExplorerPage;
  readonly assets: ExplorerAssets;
  readonly settings: SandboxSettings | OfflineSettings;
  /** Goes with this one answer; the content security policy names it too. */
  readonly nonce: string;
}

/** Writes a page. All that it shows comes from its script; nothing in it is run but that. */
export function explorerPage({ page, assets, settings, nonce }: ExplorerPageParts): string {
  const at = (name: string): string => `${explorerAssetsPath}${name}`;
  const [style, script] =
    page === 'sandbox'
      ? [assets.sandboxStyle, `<script nonce="${nonce}" src="${at(assets.sandboxScript)}" defer>`]
      : [
          assets.offlineStyle,
          `<script nonce="${nonce}" src="${at(assets.offlineScript)}" type="module">`,
        ];
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Compliance partner gateway</title>
    <link rel="icon" href="${at(assets.icon)}" type="image/svg+xml">
    <link rel="stylesheet" href="${at(style)}">
    <script type="application/json" id="${settingsElementId}">${toScriptText(settings)}</script>
    ${script}</script>
  </head>
  <body>
    <noscript><p class="note">The explorer needs JavaScript. GraphQL is at /graphql, its schema at /schema.graphql.</p></noscript>
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
