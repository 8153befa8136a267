/** An app registration that the authority knows. */
export interface TestClient {
  readonly clientId: string;
  readonly secret?: string;
  /** In PEM: with it the client may sign assertions instead of showing a secret. */
  readonly publicKey?: string;
  /** Another issuer's assertions that stand for the client as they are (federated credentials). */
  readonly federatedAssertions?: readonly string[];
}

export const contoso = { id: '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001', name: 'contoso' };
export const fabrikam = { id: '2c8d7f3a-91ab-4c0e-8f43-7b5d2e9a0002', name: 'fabrikam' };

/** `objectId` is the same for every app, `subject` is another one for each. */
export const ada = {
  objectId: 'a1da0000-52b1-4c57-8c1e-000000000001',
  subject: 'AAAAadaAAAApairwiseAAAAsubjectAAAA0000000001',
  name: 'ada',
};
export const grace = {
  objectId: '67ace000-9d0f-4f0c-a6f7-000000000002',
  subject: 'AAAAgraceAApairwiseAAAAsubjectAAAA0000000002',
  name: 'grace',
};

/** The gateway itself, as an app registration. */
export const gatewayClient = {
  clientId: '9a7e0a11-3b5c-4d7e-8f90-000000000010',
  secret: 'the-secret-of-the-gateway',
};

/** An app that calls the gateway: for its users, or as itself. */
export const frontendClientId = 'f407e4d0-1a2b-4c3d-8e4f-000000000020';
/** What the service of that app is called in the tenant: the subject of its tokens. */
export const frontendServiceId = '5e41ce00-7d6c-4b5a-9f8e-000000000021';
