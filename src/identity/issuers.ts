/** What stands before the tenant in the issuers of an authority's tokens, without a slash at the end. */
export interface IssuerRoots {
  readonly v1: string;
  readonly v2: string;
}

/** The place of the tenant's id where a document is for several tenants. */
const tenantTemplate = '{tenantid}';

const globalV1 = 'https://sts.windows.net';
const china: IssuerRoots = {
  v1: 'https://sts.chinacloudapi.cn',
  v2: 'https://login.partner.microsoftonline.cn',
};
const global: IssuerRoots = { v1: globalV1, v2: 'https://login.microsoftonline.com' };

/** Authorities that issue under another name than their own. */
const known: Readonly<Record<string, IssuerRoots>> = {
  'https://login.windows.net': global,
  'https://login.chinacloudapi.cn': china,
  'https://login.partner.microsoftonline.cn': china,
};

/** The issuers of an authority: under its own name unless it is known to have another one. */
export function issuerRootsOf({ origin }: URL): IssuerRoots {
  return known[origin] ?? { v1: globalV1, v2: origin };
}

/** The one issuer that a tenant's tokens of a version have; of all tenants, as a template, without a tenant. */
export function issuerOf(
  roots: IssuerRoots,
  version: '1.0' | '2.0',
  tenantId: string = tenantTemplate,
): string {
  return version === '2.0' ? `${roots.v2}/${tenantId}/v2.0` : `${roots.v1}/${tenantId}/`;
}

/**
 * Whether a key may sign for a tenant. Entra names issuers in its v2.0 key documents only, so the key of a v1.0 token
 * names the v2.0 issuer of its tenant; a key that names none is for all tenants of its document.
 */
export function isKeyForTenant(
  keyIssuer: string | undefined,
  roots: IssuerRoots,
  tenantId: string,
): boolean {
  const issuer = keyIssuer?.replace(tenantTemplate, tenantId);
  return [undefined, issuerOf(roots, '2.0', tenantId), issuerOf(roots, '1.0', tenantId)].includes(
    issuer,
  );
}
