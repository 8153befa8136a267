import type { TokenFlow } from '../token.ts';

const hints: Readonly<Record<string, string>> = {
  AADSTS7000215: 'the client secret is wrong (its value is needed, not its id)',
  AADSTS7000222: 'the client secret has expired',
  AADSTS700027: 'the client certificate is not the one of the app registration, or has expired',
  AADSTS700016: 'the app is not registered in this tenant, or AZURE_CLIENT_ID is wrong',
  AADSTS7000229: 'the app has no service principal in this tenant: an administrator has to consent',
  AADSTS90002: 'there is no such tenant in this cloud',
  AADSTS65001: 'nobody consented to the permissions of the app',
  AADSTS500011: 'the resource is not known in this tenant: the cloud may be the wrong one',
  AADSTS700213: 'no federated credential of the app fits the subject of the token file',
  AADSTS700211: 'no federated credential of the app fits the issuer of the token file',
  AADSTS700212: 'no federated credential of the app fits the audience of the token file',
  AADSTS700024: 'the assertion of the client is out of its time: a clock may be wrong',
  AADSTS1002012: 'the scope is not one that this flow takes',
};

/** Says in a sentence what an operator has to mend, as far as Entra's numbers tell. */
export function operatorHintOf(flow: TokenFlow, codes: readonly string[]): string {
  if (flow === 'managed-identity') {
    return 'this machine has no managed identity, or AZURE_CLIENT_ID is not one of its identities.';
  }
  const known = codes.map((code) => hints[code]).find((hint) => hint !== undefined);
  return `${known ?? 'Microsoft Entra refuses the registration or the credential of this gateway'}.`;
}
