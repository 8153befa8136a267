/** Where Apollo Sandbox comes from. */
export const sandboxScriptOrigin = 'https://embeddable-sandbox.cdn.apollographql.com';
export const sandboxFrameOrigin = 'https://sandbox.embed.apollographql.com';

/** Which of the two pages. */
export type ExplorerPage = 'sandbox' | 'offline';

const everywhere = {
  'default-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
  'connect-src': ["'self'"],
};

/** What a page may load and do, as directives of a content security policy. Scripts need the nonce of the answer. */
export function explorerPolicy(
  page: ExplorerPage,
  nonce: string,
): Readonly<Record<string, readonly string[]>> {
  if (page === 'sandbox') {
    return {
      ...everywhere,
      'script-src': [`'nonce-${nonce}'`, sandboxScriptOrigin],
      'style-src': ["'self'"],
      'img-src': ["'self'"],
      'frame-src': [sandboxFrameOrigin],
    };
  }
  return {
    ...everywhere,
    'script-src': [`'nonce-${nonce}'`],
    // The editor places its lines and colours by styles that it writes itself.
    'style-src': ["'self'", "'unsafe-inline'"],
    'font-src': ["'self'", 'data:'],
    'img-src': ["'self'", 'data:'],
    'worker-src': ["'self'"],
  };
}
