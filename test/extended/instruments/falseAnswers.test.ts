import { gunzipSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { executed, type RequestFault, times } from '../../support/faultProxy/fault.ts';
import { gzipBomb, hugeBody, hugeHeaders } from '../../support/faultProxy/faults/hugeAnswers.ts';
import {
  claimsChallenge,
  emptySuccess,
  htmlPage,
  jsonText,
  noContent,
  type RetryAfter,
  redirect,
  status,
  unauthenticated,
} from '../../support/faultProxy/faults/plainAnswers.ts';
import {
  duplicateKeys,
  endlessPages,
  loopingNextLink,
  nextLink,
  stackedEncodings,
  truncatedJson,
  unknownEncoding,
  wrongTypes,
} from '../../support/faultProxy/faults/twistedAnswers.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';
import { collectionPath, type FaultStage, type Sight, useFaultStages } from './faultHarness.ts';

const { start } = useFaultStages();

async function addStruckBy(fault: RequestFault): Promise<Sight & { readonly stage: FaultStage }> {
  const stage = await start();
  stage.proxy.script(fault);
  return { ...(await stage.add()), stage };
}

const object = (text: string | undefined): Record<string, unknown> => JSON.parse(text ?? '');

describe("an answer in the place of the upstream's", () => {
  it.each([429, 500, 502, 503, 504])(
    'can be %i, with an error as Graph writes it',
    async (code) => {
      const { stage, ...seen } = await addStruckBy(status(code));
      expect(seen.status).toBe(code);
      expect(seen.headers).not.toHaveProperty('retry-after');
      expect(object(seen.text)).toMatchObject({ error: { message: expect.any(String) } });
      expect(stage.graph.requests).toEqual([]);
    },
  );

  it.each<[RetryAfter, string]>([
    ['2', '2'],
    ['2.128', '2.128'],
    ['3600', '3600'],
    ['soon', 'soon'],
    [{ dateInSeconds: 2 }, 'Wed, 11 Feb 2026 08:30:07 GMT'],
    [{ dateInSeconds: -60 }, 'Wed, 11 Feb 2026 08:29:05 GMT'],
  ])('can ask for patience: %j', async (retryAfter, header) => {
    const { proxy, add } = await start({ clock: createVirtualClock() });
    proxy.script(status(429, retryAfter));
    expect(await add()).toMatchObject({ status: 429, headers: { 'retry-after': header } });
  });

  it.each<{ fault: RequestFault; code: number; type?: string; text: string }>([
    { fault: htmlPage(), code: 200, type: 'text/html', text: '<!doctype html>' },
    { fault: emptySuccess(), code: 200, type: 'application/json', text: '' },
    { fault: noContent(), code: 204, text: '' },
    { fault: jsonText('null'), code: 200, type: 'application/json', text: 'null' },
    { fault: jsonText('"text"'), code: 200, type: 'application/json', text: '"text"' },
  ])('can be $fault.name, executed or not', async ({ fault, code, type, text }) => {
    const lie = await addStruckBy(fault);
    expect([lie.status, lie.headers?.['content-type']]).toEqual([
      code,
      type && expect.stringContaining(type),
    ]);
    expect(lie.text?.startsWith(text)).toBe(true);
    expect(lie.stage.graph.partners()).toHaveLength(0);
    const loss = await addStruckBy(executed(fault));
    expect([loss.status, loss.text]).toEqual([code, lie.text]);
    expect(loss.stage.graph.partners()).toHaveLength(1);
  });

  it('can ask for another token, with and without claims', async () => {
    const stage = await start();
    const claims = { access_token: { nbf: { essential: true, value: '1770000000' } } };
    stage.proxy.script(unauthenticated(), claimsChallenge(claims));
    const plain = await stage.add();
    expect([plain.status, plain.headers?.['www-authenticate']]).toEqual([
      401,
      'Bearer realm="", error="invalid_token"',
    ]);
    const challenge = String((await stage.add()).headers?.['www-authenticate']);
    const encoded = /claims="(.+)"/.exec(challenge)?.[1] ?? '';
    expect(JSON.parse(Buffer.from(encoded, 'base64').toString())).toEqual(claims);
    expect(stage.graph.requests).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308] as const)('can be %i to another place', async (code) => {
    const to = new URL('http://elsewhere.example/trap');
    const seen = await addStruckBy(redirect(code, to));
    expect(seen).toMatchObject({ status: code, headers: { location: to.href } });
  });
});

describe("the upstream's answer", () => {
  it('can be JSON that ends in the middle, at its true length', async () => {
    const { status: code, text, headers, stage } = await addStruckBy(executed(truncatedJson()));
    expect([code, Number(headers?.['content-length'])]).toEqual([201, text?.length]);
    expect(text).toContain('"id":"');
    expect(() => object(text)).toThrow();
    expect(stage.graph.partners()).toHaveLength(1);
  });

  it('can say things twice: another partner, or none, to who takes the last', async () => {
    const { text, stage } = await addStruckBy(executed(duplicateKeys()));
    const id = stage.graph.partners()[0]?.id;
    expect(text?.match(/"id":/g)).toHaveLength(3);
    expect(text).toContain(`"id":"${id}"`);
    expect(object(text)).toMatchObject({ id: 'second-id', displayName: 'Second name' });
    stage.proxy.script(executed(duplicateKeys()));
    const list = await stage.list();
    expect(list.text).toContain(`"id":"${id}"`);
    expect(object(list.text)).toMatchObject({ value: [] });
  });

  it('can have values of wrong types, in a partner and in the rows of a list', async () => {
    const { text, stage } = await addStruckBy(executed(wrongTypes()));
    const wrong = { id: 7, windowsOnboarded: 'yes', windowsEnrollmentAssignments: 'none' };
    expect(object(text)).toMatchObject(wrong);
    stage.proxy.script(executed(wrongTypes()));
    expect(object((await stage.list()).text)).toMatchObject({ value: [wrong, null, 7] });
  });

  it('can get a link to anywhere', async () => {
    const stage = await start();
    stage.proxy.script(
      executed(nextLink('elsewhere', () => 'http://elsewhere.example/')),
      executed(loopingNextLink()),
    );
    const links = [await stage.list(), await stage.list()].map(
      ({ text }) => object(text)['@odata.nextLink'],
    );
    expect(links).toEqual([
      'http://elsewhere.example/',
      `${stage.proxy.url.origin}${collectionPath}`,
    ]);
  });

  it('can go on for ever, with links that lead on and rows that are new', async () => {
    const { proxy, list, graph } = await start();
    proxy.script(times(10, endlessPages(2)));
    const links = new Set<string>([collectionPath]);
    const ids = new Set<unknown>();
    for (const path of links) {
      const page = object((await list({ path })).text);
      const next = String(page['@odata.nextLink']);
      expect(next.startsWith(`${proxy.url.origin}${collectionPath}?`)).toBe(true);
      for (const { id } of page['value'] as { id: unknown }[]) {
        ids.add(id);
      }
      if (links.size < 10) {
        links.add(next.slice(proxy.url.origin.length));
      }
    }
    expect([links.size, ids.size]).toEqual([10, 20]);
    expect(graph.requests).toEqual([]);
  });

  it('can be wrapped in encodings', async () => {
    const stage = await start();
    stage.proxy.script(executed(stackedEncodings(5)), executed(unknownEncoding()));
    const stacked = await stage.add();
    expect(stacked.headers?.['content-encoding']).toBe('gzip, gzip, gzip, gzip, gzip');
    let unwrapped = stacked.body ?? Buffer.alloc(0);
    for (let index = 0; index < 5; index += 1) {
      unwrapped = gunzipSync(unwrapped);
    }
    expect(object(unwrapped.toString())).toMatchObject({ displayName: 'Fleet' });
    const unknown = await stage.list();
    expect(unknown.headers?.['content-encoding']).toBe('x-unknown');
    expect(object(inflateRawSync(unknown.body ?? '').toString())).toHaveProperty('value');
  });

  it('can be twisted where it has no body, too', async () => {
    const stage = await start();
    await stage.add();
    const path = `${collectionPath}/${stage.graph.partners()[0]?.id}`;
    stage.proxy.script(executed(wrongTypes()));
    const { status: code, text } = await stage.ask('DELETE', path, undefined);
    expect([code, object(text)['id']]).toEqual([200, 7]);
    expect(stage.graph.partners()).toEqual([]);
  });
});

describe('a huge answer', () => {
  it('can be 100 MB of valid JSON', async () => {
    const seen = await addStruckBy(hugeBody(100_000_000));
    expect(seen.status).toBe(200);
    expect(seen.headers?.['content-length']).toBe('100000000');
    expect(seen.text).toHaveLength(100_000_000);
    expect(seen.text?.slice(-3)).toBe(' ]}');
  });

  it('ends when its client leaves', async () => {
    const stage = await start();
    stage.proxy.script(hugeBody(10_000_000_000));
    const leave = new AbortController();
    const seen = stage.add({ leave: leave.signal, onStatus: () => leave.abort() });
    expect(await seen).toMatchObject({ status: 200 });
    await stage.proxy.until(({ connections, openConnections }) => openConnections < connections);
  });

  it('can be a thousand times smaller on the wire', async () => {
    const seen = await addStruckBy(gzipBomb(60_000_000));
    expect(seen.headers).toMatchObject({ 'content-encoding': 'gzip' });
    expect(seen.body?.length).toBeLessThan(60_000);
    const text = gunzipSync(seen.body ?? '').toString();
    expect(text).toHaveLength(60_000_000);
    expect(Object.keys(object(text))).toEqual(['id', 'value']);
  });

  it('can be huge in its head alone', async () => {
    const { status: code, code: error, stage } = await addStruckBy(executed(hugeHeaders(65_536)));
    expect([code, error]).toEqual([undefined, 'UND_ERR_HEADERS_OVERFLOW']);
    expect(stage.graph.partners()).toHaveLength(1);
  });
});
