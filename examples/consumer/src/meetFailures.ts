import type { Checklist } from './checklist.js';
import { createClient } from './createClient.js';
import { failureOf } from './failureOf.js';
import { createPartnerApi, type PartnerApi } from './partnerApi.js';

/** A port that nothing listens at. */
const nowhere = 'http://127.0.0.1:1/graphql';

/** Meets what is no user's mistake in a form: top-level errors, told apart by their codes. */
export async function meetFailures(
  api: PartnerApi,
  list: Checklist,
  graphqlUrl: string,
): Promise<void> {
  list.begin('Meet failures');
  const stranger = createPartnerApi(createClient(graphqlUrl, () => 'not-a-token'));
  const lost = createPartnerApi(createClient(nowhere, () => 'not-a-token'));
  const attempts: readonly [code: string, attempt: () => Promise<unknown>][] = [
    ['UNAUTHENTICATED', () => stranger.find('any')],
    ['BAD_USER_INPUT', () => api.pages({ first: -1 }).next()],
    ['UNREACHABLE', () => lost.find('any')],
  ];
  for (const [code, attempt] of attempts) {
    const failure = await attempt().then(() => undefined, failureOf);
    list.expect(`the code is ${code}`, failure?.code, code);
    list.say(`${failure?.message} -> ${failure?.advice}`);
  }
}
