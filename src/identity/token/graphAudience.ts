const audiences: ReadonlySet<string> = new Set([
  '00000003-0000-0000-c000-000000000000',
  'https://graph.microsoft.com',
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
  'https://microsoftgraph.chinacloudapi.cn',
]);

/**
 * Whether a token says that it is for Microsoft Graph, in whichever cloud. This is asked before the signature: Graph's
 * tokens are not made to be verified by others, and the one who brings one shall hear what is wrong with it.
 */
export function isGraphAudience(audience: unknown): boolean {
  return typeof audience === 'string' && audiences.has(audience.toLowerCase().replace(/\/$/, ''));
}
