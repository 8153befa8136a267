import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { createFaults, type Fault } from '../../src/emulator/faults.ts';
import { oddities } from '../../src/emulator/quirks.ts';
import type { EmulatorOptions } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { listQuery } from '../support/documents.ts';
import { findFreePort } from '../support/freePort.ts';
import { startTestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';
import {
  collectionPath,
  createManualClock,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

describe('faults', () => {
  const clock = createManualClock();
  let graph: TestEmulator;

  beforeEach(async () => {
    clock.timers.clear();
    graph = await startTestEmulator({ clock, recordRequests: true });
  });

  afterEach(() => graph.close());

  const add = (displayName = 'Fleet') => graph.ask('POST', collectionPath, { displayName });
  const addRaw = () =>
    openRaw(graph.baseUrl, rawRequest('POST', collectionPath, '{"displayName":"Fleet"}'));

  describe('the script', () => {
    it.each<[string, NonNullable<Fault['when']>, boolean]>([
      ['everything', {}, true],
      ['the method', { method: 'GET' }, true],
      ['another method', { method: 'POST' }, false],
      ['a text in the path', { path: '/one' }, true],
      ['another text', { path: '/two' }, false],
      ['a pattern over the query', { path: /\$top=1$/ }, true],
      ['another pattern', { path: /^\/v1\.0/ }, false],
      ['method and path', { method: 'GET', path: /one/ }, true],
      ['the method but not the path', { method: 'GET', path: /two/ }, false],
    ])('knows a condition that is %s', (_what, when, fits) => {
      const faults = createFaults();
      faults.add({ when });
      expect(faults.take('GET', '/beta/one?$top=1') !== undefined).toBe(fits);
    });

    it('gives the first that fits, as often as it says', () => {
      const faults = createFaults();
      const first: Fault = { when: { method: 'GET' }, times: 2 };
      const second: Fault = { delayMs: 1 };
      faults.add(first);
      faults.add(second);
      const taken = ['POST', 'GET', 'GET', 'GET'].map((method) => faults.take(method, '/'));
      expect(taken).toEqual([second, first, first, undefined]);
    });

    it('is empty once it is cleared', async () => {
      graph.faults.add({ respond: { status: 500 }, times: 9 });
      expect((await add()).status).toBe(500);
      graph.faults.clear();
      expect((await add()).status).toBe(201);
    });
  });

  describe('a fault that answers', () => {
    it.each<[string, string | Buffer | object, string]>([
      ['an object', { error: { code: '' } }, '{"error":{"code":""}}'],
      ['a text', '<html>', '<html>'],
      ['bytes', Buffer.from('bytes'), 'bytes'],
    ])('sends %s in the place of the operation', async (_what, body, text) => {
      const headers = {
        'retry-after': '0.249',
        'request-id': 'scripted',
        'content-type': 'text/x',
      };
      graph.faults.add({ respond: { status: 429, headers, body } });
      const answer = await add();
      expect(answer).toMatchObject({ status: 429, headers, text });
      expect(answer.headers['client-request-id']).toEqual(expect.any(String));
      expect(graph.partners()).toEqual([]);
      expect((await add()).status).toBe(201);
    });

    it('lets the operation happen first where it says so', async () => {
      graph.faults.add({ respond: { status: 504 }, execute: true });
      expect((await add()).status).toBe(504);
      expect(graph.partners().map(({ displayName }) => displayName)).toEqual(['Fleet']);
    });

    it('answers strangers as well', async () => {
      graph.faults.add({ respond: { status: 503 } });
      const stranger = { authorization: 'Bearer bad' };
      expect((await graph.ask('GET', collectionPath, undefined, stranger)).status).toBe(503);
    });
  });

  describe.each([false, true])('a fault that kills, the operation executed: %s', (execute) => {
    const expectTrace = () => expect(graph.partners()).toHaveLength(execute ? 1 : 0);

    it('resets', async () => {
      graph.faults.add({ kill: 'reset', execute });
      const { ended } = await addRaw();
      expect(await ended).toEqual({ end: 'reset', text: '' });
      expectTrace();
    });

    it('closes without an answer', async () => {
      graph.faults.add({ kill: 'close', execute });
      const { ended, socket } = await addRaw();
      expect(await ended).toEqual({ end: 'fin', text: '' });
      socket.destroy();
      expectTrace();
    });

    it('says nothing until the server closes', async () => {
      graph.faults.add({ kill: 'silence', execute });
      const { ended } = await addRaw();
      await until(() => graph.requests.length === 1);
      expect((await graph.ask('GET', `${collectionPath}/none`)).status).toBe(404);
      expectTrace();
      await graph.close();
      expect((await ended).text).toBe('');
    });

    it("truncates the operation's own answer", async () => {
      graph.faults.add({ kill: 'truncate', execute });
      const { ended, socket } = await addRaw();
      const { end, text } = await ended;
      socket.destroy();
      expect(end).toBe('fin');
      const [head = '', body = ''] = text.split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 201 /);
      const announced = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      expect(body).toMatch(/^\{"@odata\.context"/);
      expect(body.length).toBe(Math.floor(announced / 2));
      expectTrace();
    });
  });

  describe('a delay', () => {
    it("passes on the emulator's clock, before the operation", async () => {
      graph.faults.add({ delayMs: 30_000 });
      const answer = add();
      await until(() => clock.timers.has(30_000));
      expect(graph.partners()).toEqual([]);
      clock.timers.get(30_000)?.();
      expect((await answer).status).toBe(201);
      expect(graph.partners()).toHaveLength(1);
    });
  });
});

describe('control', () => {
  const controlPath = '/control/faults';
  const clock = createVirtualClock();
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator({ clock, hasControl: true, recordRequests: true });
  });

  afterAll(() => graph.close());

  afterEach(() => graph.faults.clear());

  const script = (fault: unknown, headers?: Record<string, string>) =>
    graph.ask('POST', controlPath, fault, headers);
  const add = (displayName: string) => graph.ask('POST', collectionPath, { displayName });
  const names = () => graph.partners().map(({ displayName }) => displayName);

  describe('the control endpoint', () => {
    it('answers the next N requests that fit with a status', async () => {
      await script({ method: 'GET', status: 503, headers: { 'retry-after': '2' }, times: 2 });
      const first = await graph.ask('GET', collectionPath);
      expect(first).toMatchObject({
        status: 503,
        headers: { 'retry-after': '2' },
        json: { error: { code: 'ScriptedFault' } },
      });
      expect((await add('Not a GET')).status).toBe(201);
      expect((await graph.ask('GET', `${collectionPath}?$top=1`)).status).toBe(503);
      expect((await graph.ask('GET', collectionPath)).status).toBe(200);
    });

    it.each([
      ['before', false],
      ['after', true],
    ])('resets the connection %s the operation', async (reset, isExecuted) => {
      const name = `Reset ${reset}`;
      expect(
        (await script({ method: 'POST', path: 'complianceManagementPartners', reset })).status,
      ).toBe(201);
      await expect(add(name)).rejects.toThrow();
      expect(names().includes(name)).toBe(isExecuted);
    });

    it('delays an operation, and executes one although another status answers', async () => {
      await script({ status: 504, execute: true, body: '<html>', delayMs: 30_000 });
      const answer = add('Slow');
      await clock.whenPending();
      expect(names()).not.toContain('Slow');
      await clock.advance(30_000);
      expect(await answer).toMatchObject({ status: 504, text: '<html>' });
      expect(names()).toContain('Slow');
    });

    it('lists what is left and clears it', async () => {
      await script({ status: 429, times: 3, path: 'x' });
      expect((await graph.ask('GET', controlPath)).json).toEqual({
        faults: [{ path: 'x', times: 3, status: 429, execute: false }],
      });
      expect((await graph.ask('DELETE', controlPath)).status).toBe(204);
      expect((await graph.ask('GET', controlPath)).json).toEqual({ faults: [] });
    });

    it.each<[string, unknown, RegExp]>([
      ['an unknown member', { state: 503 }, /"state" is not a member/],
      ['a name from the prototype', { toString: 1 }, /"toString" is not a member/],
      ['a status out of range', { status: 99 }, /"status" must be a number from 200 to 599/],
      ['too long a delay', { delayMs: 60_001 }, /"delayMs" must be/],
      ['too many times', { status: 500, times: 1001 }, /"times" must be/],
      ['no times', { status: 500, times: 0 }, /"times" must be/],
      [
        'a header that splits the answer',
        { status: 500, headers: { a: 'b\r\nc' } },
        /"headers" must/,
      ],
      ['a reset at another time', { reset: 'during' }, /"reset" must be "before" or "after"/],
      ['two answers', { status: 500, reset: 'before' }, /not both/],
      ['a body without a status', { body: 'x', delayMs: 1 }, /need a "status"/],
      ['nothing', {}, /Give a "status"/],
      ['a list', [], /must be a JSON object/],
    ])('rejects %s and says why', async (_what, fault, message) => {
      expect(await script(fault)).toMatchObject({
        status: 400,
        json: {
          error: { code: 'ControlRequestRejected', message: expect.stringMatching(message) },
        },
      });
      expect((await graph.ask('GET', controlPath)).json).toEqual({ faults: [] });
    });

    it('keeps at most 100 faults', async () => {
      for (let count = 0; count < 100; count += 1) {
        await script({ status: 500 });
      }
      expect((await script({ status: 500 })).status).toBe(409);
    });

    it.each<[string, Record<string, string>, number]>([
      ['an Origin, even an own one', { origin: graph?.baseUrl ?? 'http://127.0.0.1' }, 403],
      ['an Origin of null', { origin: 'null' }, 403],
      ['a foreign Host', { host: 'rebound.example' }, 403],
      ['a Host that only begins like ours', { host: 'localhost.example:80' }, 403],
      ['another media type', { 'content-type': 'text/plain' }, 415],
    ])('rejects a request with %s', async (_what, headers, status) => {
      expect((await script({ status: 500 }, headers)).status).toBe(status);
      expect((await graph.ask('GET', controlPath)).json).toEqual({ faults: [] });
    });

    it('is no path of Graph unless it is switched on, nor on another host than loopback', async () => {
      for (const options of [{}, { hasControl: true, host: '0.0.0.0' }]) {
        const other = await startTestEmulator(options);
        const answer = await other.ask('POST', controlPath, { status: 500 });
        expect(answer.status).toBe(400);
        expect(answer.text).toContain('Invalid version: control');
        await other.close();
      }
    });

    it.each<[string, Record<string, string>, number, string | undefined]>([
      ['switched on', { EMULATOR_CONTROL: 'true' }, 201, 'FORBIDDEN'],
      ['not switched on', {}, 400, undefined],
    ])('scripts the Graph of a gateway if it is %s', async (_what, environment, status, code) => {
      const port = await findFreePort();
      const gateway = await startTestGateway({ EMULATOR_PORT: String(port), ...environment });
      const { statusCode, body } = await request(`http://127.0.0.1:${port}${controlPath}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${embeddedGraphToken}`,
        },
        body: JSON.stringify({ method: 'GET', status: 403 }),
        reset: true,
      });
      await body.dump();
      const { result } = await gateway.run(listQuery);
      await gateway.stop(0);
      expect([statusCode, result.errors?.[0]?.extensions['code']]).toEqual([status, code]);
    });
  });
});

describe('oddities', () => {
  const assignment = 'microsoft.graph.complianceManagementPartnerAssignment';
  const noFilter = {
    deviceAndAppManagementAssignmentFilterId: null,
    deviceAndAppManagementAssignmentFilterType: 'none',
  };
  const all = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
  const exclusion = {
    '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
    groupId: 'g',
    deviceAndAppManagementAssignmentFilterId: 'f',
    deviceAndAppManagementAssignmentFilterType: 'include',
  };
  const collection = {
    '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
    collectionId: 'SMS00014',
  };
  const row: PartnerResource = {
    id: 'row',
    displayName: 'Fleet',
    partnerState: 'rejected',
    macOsEnrollmentAssignments: [
      null,
      {},
      { target: null },
      { target: all },
      { target: exclusion },
    ],
    iosEnrollmentAssignments: [{ target: collection }],
  };
  const plainRow: PartnerResource = { id: 'plain', displayName: 'Jamf', partnerState: 'enabled' };
  const rowPath = `${collectionPath}/row`;
  const missingPath = `${collectionPath}/nobody`;

  let graph: TestEmulator;

  afterEach(() => graph.close());

  async function start(
    chosen: EmulatorOptions['oddities'] = [],
    change: Partial<EmulatorOptions> = {},
  ): Promise<void> {
    graph = await startTestEmulator({ seed: [row, plainRow], oddities: chosen, ...change });
  }

  const read = async (path = rowPath) => (await graph.ask('GET', path)).json;
  const rows = async () => (await read(collectionPath))?.['value'] as object[];
  const targetsOf = (partner: unknown, platform = 'macOs') => {
    const list = (partner as Record<string, { target?: unknown }[]>)[
      `${platform}EnrollmentAssignments`
    ];
    return list?.map((item) => item?.target);
  };

  describe('a type without #', () => {
    it('stands on everything inside a partner, in every answer, and not on the partner', async () => {
      await start(['hash-less-types']);
      const list = [
        null,
        { '@odata.type': assignment },
        { '@odata.type': assignment, target: null },
        {
          '@odata.type': assignment,
          target: { '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget', ...noFilter },
        },
        {
          '@odata.type': assignment,
          target: { ...exclusion, '@odata.type': 'microsoft.graph.exclusionGroupAssignmentTarget' },
        },
      ];
      const entity = {
        '@odata.type': '#microsoft.graph.complianceManagementPartner',
        macOsEnrollmentAssignments: list,
      };
      expect(await read()).toMatchObject(entity);
      expect((await rows())[0]).toHaveProperty('macOsEnrollmentAssignments', list);
      const { json: changed } = await graph.ask('PATCH', rowPath, { displayName: 'new' });
      expect(changed).toMatchObject(entity);
      const body = { macOsEnrollmentAssignments: list.slice(1) };
      expect((await graph.ask('POST', collectionPath, body)).json).toMatchObject({
        ...entity,
        macOsEnrollmentAssignments: list.slice(1),
      });
    });
  });

  describe('what is missing', () => {
    it('reads as a blank partner and can be deleted again and again, but neither changed nor listed', async () => {
      await start(['missing-as-200']);
      const answer = await graph.ask('GET', missingPath);
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({
        '@odata.type': '#microsoft.graph.complianceManagementPartner',
        id: 'nobody',
        displayName: null,
        partnerState: 'unknown',
        linuxOnboarded: false,
        iosEnrollmentAssignments: [],
      });
      expect(await read(`${missingPath}?$select=displayName`)).not.toHaveProperty('id');
      const deletions = [missingPath, rowPath, rowPath].map((path) => graph.ask('DELETE', path));
      expect(await Promise.all(deletions)).toEqual(
        deletions.map(() => expect.objectContaining({ status: 204, text: '' })),
      );
      expect((await graph.ask('PATCH', missingPath, {})).status).toBe(404);
      expect((await graph.ask('POST', collectionPath, { id: 'nobody' })).status).toBe(201);
      expect(graph.partners().map(({ id }) => id)).toEqual(['plain', 'nobody']);
    });

    it('is still refused where the query is wrong', async () => {
      await start(['missing-as-200']);
      expect((await graph.ask('GET', `${missingPath}?$select=mood`)).status).toBe(400);
    });
  });

  describe('a wrapper', () => {
    it('is around a partner that is read, and around nothing else', async () => {
      await start();
      const { '@odata.context': context, ...entity } = (await read()) ?? {};
      await graph.close();
      await start(['value-wrapper'], { port: Number(new URL(graph.baseUrl).port) });
      expect(await read()).toEqual({ '@odata.context': context, value: entity });
      expect(await rows()).toHaveLength(2);
      expect((await graph.ask('PATCH', rowPath, {})).json).toHaveProperty('id', 'row');
      expect((await graph.ask('POST', collectionPath, {})).json).toHaveProperty('id');
      expect(await read(missingPath)).toHaveProperty('error.code', 'ResourceNotFound');
    });
  });

  describe('a state that no schema lists', () => {
    it('is read in the place of one that is stored', async () => {
      await start(['unknown-enum-members']);
      const states = (await rows()).map((partner) => (partner as PartnerResource).partnerState);
      expect(states).toEqual(['suspended', 'enabled']);
      expect(await read()).toHaveProperty('partnerState', 'suspended');
      expect(await read(`${rowPath}?$select=displayName`)).not.toHaveProperty('partnerState');
      expect(graph.partners()[0]).toHaveProperty('partnerState', 'rejected');
    });

    it('means the stored one when it is written back; other unlisted ones are refused', async () => {
      await start(['unknown-enum-members']);
      const written = await graph.ask('PATCH', rowPath, { partnerState: 'suspended' });
      expect([written.status, written.json?.['partnerState']]).toEqual([200, 'suspended']);
      expect(graph.partners()[0]).toHaveProperty('partnerState', 'rejected');
      expect((await graph.ask('PATCH', rowPath, { partnerState: 'gone' })).status).toBe(400);
    });

    it('is refused where the oddity is not switched on', async () => {
      await start(oddities.filter((oddity) => oddity !== 'unknown-enum-members'));
      expect((await graph.ask('PATCH', rowPath, { partnerState: 'suspended' })).status).toBe(400);
    });
  });

  describe('a target of a type that no schema lists', () => {
    const scopeTag = {
      '@odata.type': '#microsoft.graph.scopeTagGroupAssignmentTarget',
      deviceAndAppManagementAssignmentFilterId: 'f',
      deviceAndAppManagementAssignmentFilterType: 'include',
      entraObjectId: 'g',
      targetType: 'user',
    };

    it('is read in the place of some, with properties of its own', async () => {
      await start(['unknown-target-types']);
      const partner = await read();
      expect(targetsOf(partner)).toEqual([
        undefined,
        undefined,
        null,
        { ...all, ...noFilter },
        scopeTag,
      ]);
      expect(targetsOf(partner, 'ios')).toEqual([
        {
          '@odata.type': '#microsoft.graph.androidFotaDeploymentAssignmentTarget',
          groupId: 'SMS00014',
          ...noFilter,
        },
      ]);
      expect(targetsOf((await rows())[0])?.[4]).toEqual(scopeTag);
      expect(graph.partners()[0]).toEqual(row);
    });

    it.each([scopeTag, { ...scopeTag, '@odata.type': scopeTag['@odata.type'].slice(1) }])(
      'changes nothing when it is written back as it was read: %j',
      async (target) => {
        await start(['unknown-target-types']);
        const lists = { macOsEnrollmentAssignments: [{ target: all }, { target }] };
        const { status, json } = await graph.ask('PATCH', rowPath, lists);
        expect([status, targetsOf(json)?.[1]]).toEqual([200, scopeTag]);
        expect(graph.partners()[0]).toHaveProperty(
          'macOsEnrollmentAssignments.1.target',
          exclusion,
        );
      },
    );

    it.each([
      { '@odata.type': '#microsoft.graph.planetAssignmentTarget' },
      { ...scopeTag, entraObjectId: 7 },
      { ...scopeTag, mood: 'good' },
    ])('is refused where it is not one that was shown: %j', async (target) => {
      await start(['unknown-target-types']);
      const lists = { macOsEnrollmentAssignments: [{ target }] };
      expect((await graph.ask('PATCH', rowPath, lists)).status).toBe(400);
    });
  });

  describe('empty pages', () => {
    it('come before each one with rows, with the count and the options of the query', async () => {
      await start(['empty-pages'], { seed: ['a', 'b', 'c'].map((id) => ({ id })), pageSize: 2 });
      const pages: unknown[] = [];
      let next: string | undefined = `${collectionPath}?$count=true&$select=id`;
      while (next !== undefined) {
        const json: Readonly<Record<string, unknown>> = (await read(next)) ?? {};
        pages.push([json['@odata.count'], json['value']]);
        next = (json['@odata.nextLink'] as string | undefined)?.slice(graph.baseUrl.length);
      }
      expect(pages).toEqual([
        [3, []],
        [undefined, [{ id: 'a' }, { id: 'b' }]],
        [undefined, []],
        [undefined, [{ id: 'c' }]],
      ]);
    });
  });

  describe('all oddities at once', () => {
    it('leave the stored rows alone when a whole partner is written back as it was read', async () => {
      await start(oddities);
      const before = graph.partners();
      const { value } = (await read()) as { value: Record<string, unknown> };
      const list = value['macOsEnrollmentAssignments'] as unknown[];
      // Only Graph may write null entries into a list.
      const body = { ...value, macOsEnrollmentAssignments: list.filter((one) => one !== null) };
      expect((await graph.ask('PATCH', rowPath, body)).status).toBe(204);
      expect(graph.partners().map(({ partnerState }) => partnerState)).toEqual(
        before.map(({ partnerState }) => partnerState),
      );
      expect(targetsOf(graph.partners()[0])?.[3]).toMatchObject({
        ...exclusion,
        '@odata.type': expect.stringContaining('exclusionGroupAssignmentTarget'),
      });
    });
  });
});
