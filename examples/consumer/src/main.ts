import { addPartners } from './addPartners.js';
import { changePartner } from './changePartner.js';
import { createChecklist } from './checklist.js';
import { createClient } from './createClient.js';
import { deletePartners } from './deletePartners.js';
import { failureOf } from './failureOf.js';
import type { PartnerFragment } from './gql/graphql.js';
import { meetFailures } from './meetFailures.js';
import { createPartnerApi } from './partnerApi.js';
import { readPartners } from './readPartners.js';

const gatewayUrl = process.env['GATEWAY_URL'] ?? 'http://127.0.0.1:4000';
const token = process.env['GATEWAY_TOKEN'] ?? 'embedded-graph-token';

const graphqlUrl = new URL('/graphql', gatewayUrl).href;
const api = createPartnerApi(createClient(graphqlUrl, () => token));
const list = createChecklist();

/** The names are this run's own, so that it touches nothing but what it added. */
const prefix = `Consumer example ${Date.now()}`;
const added: PartnerFragment[] = [];

console.log(`Everything that the gateway can do, at ${graphqlUrl}`);
try {
  await addPartners(api, list, [`${prefix} A`, `${prefix} B`, `${prefix} C`], added);
  await readPartners(api, list, added, prefix);
  for (const partner of added.slice(0, 1)) {
    await changePartner(api, list, partner);
  }
  await meetFailures(api, list, graphqlUrl);
  await deletePartners(api, list, added);
  added.splice(0);
} catch (error) {
  const { code, message, advice } = failureOf(error);
  list.expect(`nothing fails unexpectedly (${code}: ${message}; ${advice})`, 'failed', 'went well');
} finally {
  await Promise.allSettled(added.map(({ id }) => api.delete({ id })));
}

console.log(`\n${list.passed} passed, ${list.failed} failed`);
process.exitCode = list.failed === 0 && list.passed > 0 ? 0 : 1;
