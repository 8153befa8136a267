import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Answer,
  json,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';

const list = 'complianceManagementPartners';
const allowedBytes = 4096;
const allowedValues = 400;

/** What Graph has; each test sets it. */
let rows: readonly Record<string, unknown>[] = [];
let graph: ScriptedServer;
let gateway: TestGateway;
let usual: TestGateway;
/** Bounds values only. */
let valued: TestGateway;
/** Whether Graph fails for the partner "nobody". */
let failing = false;

const answer: Answer = (response, request) => {
  if (failing && request.url.endsWith('/nobody')) {
    return json(403, { error: { code: 'Forbidden', message: 'No' } })(response, request);
  }
  const isList = request.method === 'GET' && !/Partners\/./.test(request.url);
  const body = isList ? { value: rows } : rows[0];
  json(request.method === 'POST' ? 201 : 200, body)(response, request);
};

beforeAll(async () => {
  graph = await startScriptedServer(answer);
  const environment = { GRAPH_BASE_URL: graph.url.href };
  gateway = await startTestGateway({
    ...environment,
    LIMIT_ANSWER_BYTES: String(allowedBytes),
    LIMIT_ANSWER_VALUES: String(allowedValues),
    LIMITS_MODE: 'warn-only',
  });
  usual = await startTestGateway(environment);
  valued = await startTestGateway({ ...environment, LIMIT_ANSWER_VALUES: '401' });
});

afterAll(async () => {
  await Promise.all([gateway.stop(0), usual.stop(0), valued.stop(0)]);
  await graph.close();
});

const numbered = (count: number) =>
  Array.from({ length: count }, (_value, index) => ({ id: `row-${index}` }));
const targets = (count: number) =>
  Array.from({ length: count }, () => ({
    target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' },
  }));

const one = '{ complianceManagementPartner(id: "a") { displayName } }';
/** `"displayName":"",` */
const aroundName = 17;

describe('the bytes of an answer', () => {
  it('are bounded', async () => {
    for (const bytes of [allowedBytes - 1, allowedBytes]) {
      rows = [{ id: 'a', displayName: 'x'.repeat(bytes - aroundName) }];
      const { result } = await gateway.run(one);
      expect(result.errors).toBeUndefined();
    }
    rows = [{ id: 'a', displayName: 'x'.repeat(allowedBytes + 1 - aroundName) }];
    const { result } = await gateway.run(one);
    expect(result).toEqual({
      data: null,
      errors: [
        {
          message: expect.stringContaining(`${allowedBytes} are allowed`),
          extensions: { code: 'ANSWER_TOO_LARGE', allowed: allowedBytes, seen: allowedBytes + 1 },
        },
      ],
    });
  });

  it('are those of JSON: with escapes, in UTF-8 and for each alias', async () => {
    rows = [{ id: 'a', displayName: '\u0001'.repeat(Math.ceil(allowedBytes / 6)) }];
    expect((await gateway.run(one)).result.errors).toHaveLength(1);
    rows = [{ id: 'a', displayName: 'ü'.repeat(allowedBytes / 2) }];
    expect((await gateway.run(one)).result.errors).toHaveLength(1);
    rows = [{ id: 'a', displayName: 'x'.repeat(allowedBytes / 4) }];
    const aliases = 'a: displayName b: displayName c: displayName d: displayName';
    const query = `{ complianceManagementPartner(id: "a") { ${aliases} } }`;
    expect((await gateway.run(query)).result.errors).toHaveLength(1);
  });

  it('let one error be told, however many rows are beyond them', async () => {
    rows = numbered(300).map((row) => ({ ...row, displayName: 'x'.repeat(1000) }));
    const { result } = await gateway.run(`{ ${list}(first: 300) { nodes { id displayName } } }`);
    expect(result.data).toBeNull();
    expect(result.errors?.map(({ extensions }) => extensions['code'])).toEqual([
      'ANSWER_TOO_LARGE',
    ]);
  });

  it('are small for a row with a name of 60,000 characters in 50 places of an order', async () => {
    rows = [...numbered(100), { id: 'long', displayName: 'N'.repeat(60_000) }];
    const cursors = Array.from({ length: 18 }, (_value, index) => `c${index}: cursor`).join(' ');
    const query = `{ ${list}(first: 101, orderBy: [{field: DISPLAY_NAME}]) { edges { ${cursors} } } }`;
    const { result, text } = await usual.run(query);
    expect(result.errors).toBeUndefined();
    expect(text.length).toBeLessThan(18 * 101 * 1100);
  });
});

describe('the bytes of names of types', () => {
  const aliased = (count: number): string =>
    Array.from({ length: count }, (_value, index) => `t${index}: __typename`).join(' ');
  /** `"t0":"ComplianceManagementPartner",` */
  const ofPartner = 35;

  it('are counted as those of other fields, in fragments too', async () => {
    const query = `{ complianceManagementPartner(id: "a") { a: displayName } ...F }
      fragment F on Query { ${list} { nodes { ...P } } }
      fragment P on ComplianceManagementPartner { ... { ${aliased(10)} } ...Q t0: __typename }
      fragment Q on ComplianceManagementPartner { t0: __typename displayName }`;
    const around = '"a":"",'.length + '"nodes":[{},],'.length + '"displayName":"",'.length;
    const name = (bytes: number): string =>
      'x'.repeat((allowedBytes - around - 10 * ofPartner) / 2 + bytes);
    rows = [{ id: 'a', displayName: name(0) }];
    const fits = await gateway.run(query);
    expect(fits.result.errors).toBeUndefined();
    rows = [{ id: 'a', displayName: name(1) }];
    expect((await gateway.run(query)).result.errors?.[0]?.extensions).toEqual({
      code: 'ANSWER_TOO_LARGE',
      allowed: allowedBytes,
      seen: expect.any(Number),
    });
  });

  it('are counted by the type that a target has', async () => {
    const having = (count: number) => ({ id: 'a', iosEnrollmentAssignments: targets(count) });
    const query = `{ complianceManagementPartner(id: "a") { iosEnrollmentAssignments { target { __typename } } } }`;
    // Behind each last member a comma is counted, too.
    const ofTarget = '{"target":{"__typename":"AllDevicesAssignmentTarget",},},'.length;
    const fitting = Math.floor((allowedBytes - 40) / ofTarget);
    rows = [having(fitting)];
    expect((await gateway.run(query)).result.errors).toBeUndefined();
    rows = [having(fitting + 1)];
    expect((await gateway.run(query)).result.errors?.[0]?.extensions['code']).toBe(
      'ANSWER_TOO_LARGE',
    );
  });

  it('end the answer of 20 aliases of 690 letters over 1,000 partners', async () => {
    rows = numbered(1000);
    const long = Array.from(
      { length: 19 },
      (_value, index) => `${'n'.repeat(690)}${index}: __typename`,
    );
    const { result, text } = await usual.run(
      `{ ${list}(first: 1000) { nodes { ${long.join(' ')} } } }`,
    );
    expect(result.errors?.[0]?.extensions['code']).toBe('ANSWER_TOO_LARGE');
    expect(text.length).toBeLessThan(1000);
  });
});

describe('the bytes of a revision and of what stands at the root', () => {
  it('are counted, each alias of a revision for itself', async () => {
    const aliases = Array.from({ length: 19 }, (_value, index) => `r${index}: revision`).join(' ');
    const query = `{ ${list} { nodes { ${aliases} } } }`;
    // `"r10":"…43 characters…",`
    rows = numbered(4);
    expect((await gateway.run(query)).result.errors).toBeUndefined();
    rows = numbered(5);
    expect((await gateway.run(query)).result.errors?.[0]?.extensions['code']).toBe(
      'ANSWER_TOO_LARGE',
    );
  });

  it('are no more than the document has at the root, once for each key', async () => {
    rows = [];
    const keys = Array.from({ length: 10 }, (_value, index) => `${'k'.repeat(350)}${index}`);
    const query = `{ ${keys.map((key) => `${key}: __typename`).join(' ')} }`;
    const { result, text } = await gateway.run(query);
    expect(Object.keys(result.data ?? {})).toEqual(keys);
    expect(text.length).toBeLessThan(2 * query.length);
  });
});

describe('the errors of an answer', () => {
  it('count as its data does: one error stands for the rest', async () => {
    const keys = Array.from({ length: 10 }, (_value, index) => `${'k'.repeat(400)}${index}`);
    const query = `{ ${keys.map((key) => `${key}: complianceManagementPartner(id: "..") { id }`).join(' ')} }`;
    const { status, result, text } = await gateway.run(query);
    expect(status).toBe(200);
    expect(result).toEqual({
      data: null,
      errors: [
        {
          message: expect.any(String),
          extensions: { code: 'ANSWER_TOO_LARGE', allowed: allowedBytes, seen: allowedBytes + 1 },
        },
      ],
    });
    expect(text.length).toBeLessThan(allowedBytes);
    const all = await usual.run(query);
    expect(all.result.errors).toHaveLength(10);
  });

  it('never take the data of a mutation, nor its errors that fit', async () => {
    rows = [{ id: 'a', iosOnboarded: true }];
    const write = 'input: { id: "a", iosOnboarded: true }) { complianceManagementPartner { id } }';
    const refused = Array.from(
      { length: 9 },
      (_value, index) =>
        `${'k'.repeat(400)}${index}: updateComplianceManagementPartner(input: { id: "nobody", iosOnboarded: true }) { userErrors { code } }`,
    );
    failing = true;
    const { result } = await gateway.run(
      `mutation { done: updateComplianceManagementPartner(${write} ${refused.join(' ')} }`,
    );
    failing = false;
    expect(result.data).toMatchObject({ done: { complianceManagementPartner: { id: 'a' } } });
    const codes = result.errors?.map(({ extensions }) => extensions['code']) ?? [];
    expect(codes.length).toBeGreaterThan(1);
    expect(codes.length).toBeLessThan(9);
    expect(codes.at(-1)).toBe('ANSWER_TOO_LARGE');
  });

  it('about what a caller sent repeat no more than the start of it', async () => {
    const filter = Object.fromEntries(
      Array.from({ length: 5000 }, (_value, index) => [`x${index}`, 1]),
    );
    const query = `query ($f: ComplianceManagementPartnerFilter) { ${list}(filter: $f) { totalCount } }`;
    const { result, text } = await usual.run(query, { f: filter });
    expect(result.errors?.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThan(10_000);
  });
});

describe('the values of an answer', () => {
  it('are bounded for names of types too', async () => {
    const aliases = Array.from({ length: 19 }, (_value, index) => `t${index}: __typename`);
    rows = numbered(20);
    const query = `{ ${list} { nodes { ${aliases.join(' ')} } } }`;
    const { result } = await valued.run(query);
    expect(result.errors).toBeUndefined();
    rows = numbered(21);
    expect((await valued.run(query)).result.errors?.[0]?.extensions).toMatchObject({
      code: 'TOO_MANY_ANSWER_VALUES',
      seen: 1 + 20 * 21,
    });
  });

  it('are bounded', async () => {
    const query = (more: string) => `{ ${list}(first: 1000) { nodes { id } ${more} } }`;
    // A list and its items, an id in each.
    rows = numbered((allowedValues - 2) / 2);
    for (const more of ['', 'totalCount']) {
      expect((await gateway.run(query(more))).result.errors).toBeUndefined();
    }
    rows = numbered(allowedValues / 2);
    expect((await gateway.run(query(''))).result).toMatchObject({
      data: null,
      errors: [
        {
          extensions: {
            code: 'TOO_MANY_ANSWER_VALUES',
            allowed: allowedValues,
            seen: allowedValues + 1,
          },
        },
      ],
    });
  });
});

describe('a mutation whose answer is too large', () => {
  const update = (selection: string) => `mutation {
    updateComplianceManagementPartner(input: { id: "a", iosOnboarded: true }) {
      complianceManagementPartner { ${selection} } userErrors { code } } }`;
  const tooLarge = (field: string, code = 'ANSWER_TOO_LARGE') => ({
    path: ['updateComplianceManagementPartner', 'complianceManagementPartner', field],
    message: expect.any(String),
    extensions: expect.objectContaining({ code }),
  });

  it('keeps the id and all fields that fit; a text that does not is null', async () => {
    rows = [
      { id: 'a', displayName: 'x'.repeat(5000), partnerState: 'enabled', iosOnboarded: true },
    ];
    const { status, result } = await gateway.run(update('displayName id partnerState revision'));
    expect(status).toBe(200);
    expect(result).toEqual({
      data: {
        updateComplianceManagementPartner: {
          complianceManagementPartner: {
            displayName: null,
            id: 'a',
            partnerState: 'ENABLED',
            revision: expect.any(String),
          },
          userErrors: [],
        },
      },
      errors: [tooLarge('displayName')],
    });
  });

  it.each([
    ['a list', 500],
    ['what is inside a list', 190],
  ])('keeps the id where %s does not fit, which is null as a whole', async (_what, count) => {
    rows = [
      {
        id: 'a',
        displayName: 'Name',
        iosOnboarded: true,
        macOsEnrollmentAssignments: targets(count),
      },
    ];
    const { status, result } = await gateway.run(
      update('id displayName macOsEnrollmentAssignments { target { __typename filter { id } } }'),
    );
    expect(status).toBe(200);
    expect(result).toEqual({
      data: {
        updateComplianceManagementPartner: {
          complianceManagementPartner: {
            id: 'a',
            displayName: 'Name',
            macOsEnrollmentAssignments: null,
          },
          userErrors: [],
        },
      },
      errors: [tooLarge('macOsEnrollmentAssignments', expect.any(String) as unknown as string)],
    });
  });
});

describe('a usual answer', () => {
  it('of 1,000 partners with every field passes, printed as JSON prints it', async () => {
    const lists = ['macOs', 'windows', 'android', 'ios', 'linux'];
    rows = numbered(1000).map((row) => ({
      ...row,
      displayName: 'Contoso "Partner" \u2028 \u{1f600}',
      partnerState: 'enabled',
      lastHeartbeatDateTime: '2026-01-01T00:00:00.1234567Z',
      ...Object.fromEntries(
        lists.flatMap((platform): [string, unknown][] => [
          [`${platform}Onboarded`, true],
          [`${platform}EnrollmentAssignments`, targets(2)],
        ]),
      ),
    }));
    const flags = lists.map((platform) => `${platform}Onboarded`).join(' ');
    const assignments = lists
      .map(
        (platform) =>
          `${platform}EnrollmentAssignments { target { __typename filter { id type } } }`,
      )
      .join(' ');
    const { status, headers, result, text } = await usual.run(`{ ${list}(first: 1000) { totalCount
      edges { cursor node { id revision displayName partnerState lastHeartbeatDateTime ${flags} ${assignments} } } } }`);
    expect([status, result.errors]).toEqual([200, undefined]);
    expect(text).toBe(`${JSON.stringify(result)}\n`);
    expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
    expect(result.data?.[list]).toMatchObject({ edges: rows.map(({ id }) => ({ node: { id } })) });
  });
});
