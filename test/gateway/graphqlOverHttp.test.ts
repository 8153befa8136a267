import { afterAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { useStages } from '../support/stages.ts';

const gateway = await useStages(afterAll).start();

/** As a browser's client has to: without this header, GET is taken for a forgery. */
const fetchWithPreflight: typeof fetch = (input, init) =>
  fetch(input, {
    ...init,
    headers: { ...Object.fromEntries(new Headers(init?.headers)), 'apollo-require-preflight': '1' },
  });

const audits = serverAudits({ url: `${gateway.url}/graphql`, fetchFn: fetchWithPreflight });

/** All 61 of graphql-http 1.23.1, so that none can vanish or change its meaning unseen. */
const pinned = `
  22EB 4655 47DE 80D8 82A3 BF61 78D5 2C94 5A70 9C48 9ABE 03D4 A5BF 423L LKJ0 LKJ1
  LKJ2 LKJ3 34A2 13EE 6C00 6C01 6C02 6C03 8161 B8B3 94B0 0220 94B1 0221 94B2 0222
  4760 4761 4762 4763 2EA1 28B9 D6D5 6A70 58B0 58B1 58B2 58B3 428F 1B7A B6DC BCF8
  B7N8 8764 3E3A 572B FDE2 7B9B 865D 556A D586 51FE 74FF 5E5B 86EE
`
  .trim()
  .split(/\s+/);

describe('GraphQL over HTTP', () => {
  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    '%s %s',
    async (_id, _name, audit) => {
      const result = await audit.fn();
      expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok');
    },
  );

  it('is audited as it was when these ids were written down', () => {
    expect(audits.map(({ id }) => id)).toEqual(pinned);
  });
});
