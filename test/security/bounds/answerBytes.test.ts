import { afterAll, describe, expect, it } from '@jest/globals';
import { type Answer, json } from '../../support/scriptedServer.ts';
import { times, useStages } from '../../support/stages.ts';
import type { Reply } from '../../support/testGateways.ts';

const list = 'complianceManagementPartners';
const allowedBytes = 4096;
const allowedValues = 400;

/** What Graph has; each test sets it. */
let rows: readonly Record<string, unknown>[] = [];
/** Graph fails for the partner "nobody". */
const answer: Answer = (response, request) => {
  if (request.url.endsWith('/nobody')) {
    return json(403, { error: { code: 'Forbidden', message: 'No' } })(response, request);
  }
  const isList = request.method === 'GET' && !/Partners\/./.test(request.url);
  const body = isList ? { value: rows } : rows[0];
  json(request.method === 'POST' ? 201 : 200, body)(response, request);
};

const { scripted, start } = useStages(afterAll);
const { graph, gateway } = await scripted(answer, {
  LIMIT_ANSWER_BYTES: String(allowedBytes),
  LIMIT_ANSWER_VALUES: String(allowedValues),
  LIMITS_MODE: 'warn-only',
});
const GRAPH_BASE_URL = graph.url.href;
const usual = await start({ GRAPH_BASE_URL });

const numbered = (count: number) =>
  Array.from({ length: count }, (_value, index) => ({ id: `row-${index}` }));
const targets = (count: number) =>
  Array.from({ length: count }, () => ({
    target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' },
  }));
const partner = (selection: string): string =>
  `{ complianceManagementPartner(id: "a") { ${selection} } }`;
const nodes = (selection: string): string => `{ ${list}(first: 1000) { nodes { ${selection} } } }`;
const keyed = (count: number, length: number, text: string): string =>
  times(count, (index) => `${'k'.repeat(length)}${index}: ${text}`);

/** Asks with rows that fit, and with rows that do not; gives the answer to the latter. */
async function cross(query: string, fitting: typeof rows, beyond: typeof rows): Promise<Reply> {
  rows = fitting;
  await gateway.ask(query);
  rows = beyond;
  return gateway.run(query);
}

const tooLarge = 'ANSWER_TOO_LARGE';
const nothingBut = (message: string) => ({
  data: null,
  errors: [
    {
      message: expect.stringContaining(message),
      extensions: { code: tooLarge, allowed: allowedBytes, seen: allowedBytes + 1 },
    },
  ],
});

describe('the bytes of an answer', () => {
  it('are bounded', async () => {
    const having = (bytes: number) => [
      { id: 'a', displayName: 'x'.repeat(bytes - '"displayName":"",'.length) },
    ];
    rows = having(allowedBytes - 1);
    await gateway.ask(partner('displayName'));
    const beyond = having(allowedBytes + 1);
    const { result } = await cross(partner('displayName'), having(allowedBytes), beyond);
    expect(result).toEqual(nothingBut(`${allowedBytes} are allowed`));
  });

  it.each([
    ['with escapes', '\u0001'.repeat(Math.ceil(allowedBytes / 6)), 'displayName'],
    ['in UTF-8', 'ü'.repeat(allowedBytes / 2), 'displayName'],
    [
      'for each alias',
      'x'.repeat(allowedBytes / 4),
      'a: displayName b: displayName c: displayName d: displayName',
    ],
  ])('are those of JSON: %s', async (_what, displayName, selection) => {
    rows = [{ id: 'a', displayName }];
    expect((await gateway.run(partner(selection))).codes).toEqual([tooLarge]);
  });
});

describe('the bytes of names of types', () => {
  /** `"t0":"ComplianceManagementPartner",` */
  const ofPartner = 35;

  it('are counted as those of other fields, in fragments too', async () => {
    const query = `{ complianceManagementPartner(id: "a") { a: displayName } ...F }
      fragment F on Query { ${list} { nodes { ...P } } }
      fragment P on ComplianceManagementPartner {
        ... { ${times(10, (index) => `t${index}: __typename`)} } ...Q t0: __typename }
      fragment Q on ComplianceManagementPartner { t0: __typename displayName }`;
    const around = '"a":"",'.length + '"nodes":[{},],'.length + '"displayName":"",'.length;
    const having = (bytes: number) => {
      const length = (allowedBytes - around - 10 * ofPartner) / 2 + bytes;
      return [{ id: 'a', displayName: 'x'.repeat(length) }];
    };
    const { extensions } = await cross(query, having(0), having(1));
    const seen = expect.any(Number);
    expect(extensions).toEqual({ code: tooLarge, allowed: allowedBytes, seen });
  });

  it('are counted by the type that a target has', async () => {
    const having = (count: number) => [{ id: 'a', iosEnrollmentAssignments: targets(count) }];
    // Behind each last member a comma is counted, too.
    const ofTarget = '{"target":{"__typename":"AllDevicesAssignmentTarget",},},'.length;
    const fitting = Math.floor((allowedBytes - 40) / ofTarget);
    const query = partner('iosEnrollmentAssignments { target { __typename } }');
    expect((await cross(query, having(fitting), having(fitting + 1))).codes[0]).toBe(tooLarge);
  });

  it('end the answer of 20 aliases of 690 letters over 1,000 partners', async () => {
    rows = numbered(1000);
    const { codes, text } = await usual.run(nodes(keyed(19, 690, '__typename')));
    expect(codes[0]).toBe(tooLarge);
    expect(text.length).toBeLessThan(1000);
  });
});

describe('the bytes of a revision and of what stands at the root', () => {
  it('are counted, each alias of a revision for itself', async () => {
    // `"r10":"…43 characters…",`
    const query = nodes(times(19, (index) => `r${index}: revision`));
    expect((await cross(query, numbered(4), numbered(5))).codes[0]).toBe(tooLarge);
  });

  it('are no more than the document has at the root, once for each key', async () => {
    const query = `{ ${keyed(10, 350, '__typename')} }`;
    const { result, text } = await gateway.run(query);
    expect(Object.keys(result.data ?? {})).toEqual(query.match(/k+\d/g));
    expect(text.length).toBeLessThan(2 * query.length);
  });
});

describe('the errors of an answer', () => {
  it('count as its data does: one error stands for the rest', async () => {
    const query = `{ ${keyed(10, 400, 'complianceManagementPartner(id: "..") { id }')} }`;
    const { status, result, text } = await gateway.run(query);
    expect([status, result]).toEqual([200, nothingBut('')]);
    expect(text.length).toBeLessThan(allowedBytes);
    expect((await usual.run(query)).codes).toHaveLength(10);
  });

  it('never take the data of a mutation, nor its errors that fit', async () => {
    rows = [{ id: 'a', iosOnboarded: true }];
    const update = (id: string) =>
      `updateComplianceManagementPartner(input: { id: "${id}", iosOnboarded: true }) { complianceManagementPartner { id } }`;
    const query = `mutation { done: ${update('a')} ${keyed(9, 400, update('nobody'))} }`;
    const { result, codes } = await gateway.run(query);
    expect(result.data).toMatchObject({ done: { complianceManagementPartner: { id: 'a' } } });
    expect(codes.length).toBeGreaterThan(1);
    expect(codes.length).toBeLessThan(9);
    expect(codes.at(-1)).toBe(tooLarge);
  });

  it('about what a caller sent repeat no more than the start of it', async () => {
    const names = Array.from({ length: 5000 }, (_value, index) => [`x${index}`, 1]);
    const query = `query ($f: ComplianceManagementPartnerFilter) { ${list}(filter: $f) { totalCount } }`;
    const { codes, text } = await usual.run(query, { f: Object.fromEntries(names) });
    expect(codes.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThan(10_000);
  });
});

describe('the values of an answer', () => {
  it('are bounded', async () => {
    // A list and its items, an id in each.
    const fitting = numbered((allowedValues - 2) / 2);
    const { result } = await cross(nodes('id'), fitting, numbered(allowedValues / 2));
    const code = 'TOO_MANY_ANSWER_VALUES';
    expect(result).toMatchObject({
      data: null,
      errors: [{ extensions: { code, allowed: allowedValues, seen: allowedValues + 1 } }],
    });
  });
});

describe('a mutation whose answer is too large', () => {
  const field = 'updateComplianceManagementPartner';
  const update = (selection: string) => `mutation {
    ${field}(input: { id: "a", iosOnboarded: true }) {
      complianceManagementPartner { ${selection} } userErrors { code } } }`;
  const without = (name: string, code: unknown, complianceManagementPartner: object) => ({
    status: 200,
    result: {
      data: { [field]: { complianceManagementPartner, userErrors: [] } },
      errors: [
        {
          path: [field, 'complianceManagementPartner', name],
          message: expect.any(String),
          extensions: expect.objectContaining({ code }),
        },
      ],
    },
  });

  it('keeps the id and all fields that fit; a text that does not is null', async () => {
    const fitting = { id: 'a', iosOnboarded: true, partnerState: 'enabled' };
    rows = [{ ...fitting, displayName: 'x'.repeat(5000) }];
    const { status, result } = await gateway.run(update('displayName id partnerState revision'));
    const revision = expect.any(String);
    const kept = { displayName: null, id: 'a', partnerState: 'ENABLED', revision };
    expect({ status, result }).toEqual(without('displayName', tooLarge, kept));
  });

  it.each([
    ['a list', 500],
    ['what is inside a list', 190],
  ])('keeps the id if %s does not fit, which is null as a whole', async (_what, count) => {
    const fitting = { id: 'a', displayName: 'Name', iosOnboarded: true };
    const name = 'macOsEnrollmentAssignments';
    rows = [{ ...fitting, [name]: targets(count) }];
    const { status, result } = await gateway.run(
      update(`id displayName ${name} { target { __typename filter { id } } }`),
    );
    const kept = { id: 'a', displayName: 'Name', [name]: null };
    expect({ status, result }).toEqual(without(name, expect.any(String), kept));
  });
});

describe('what a mutation refused', () => {
  const update = (id: string, selection: string) =>
    `updateComplianceManagementPartner(input: { id: "${id}", iosOnboarded: true }) { ${selection} }`;

  it.each([
    ['after an answer that is too large', 'complianceManagementPartner { id displayName }'],
    ['by themselves', 'complianceManagementPartner { id }'],
  ])('has no payload if its user errors take twice the bound %s', async (_when, selection) => {
    rows = [{ id: 'a', iosOnboarded: true, displayName: 'x'.repeat(5000) }];
    const repeated = keyed(100, 1, 'userErrors { message }');
    const few = update('../a', 'userErrors { code field }');
    const done = update('a', 'complianceManagementPartner { id } userErrors { code }');
    const { result, text } = await gateway.run(`mutation {
      first: ${update('a', selection)} kept: ${few} refused: ${update('../a', repeated)} last: ${done} }`);
    expect(result.data).toEqual({
      first: { complianceManagementPartner: expect.objectContaining({ id: 'a' }) },
      kept: { userErrors: [{ code: 'BAD_USER_INPUT', field: ['input', 'id'] }] },
      refused: null,
      last: { complianceManagementPartner: { id: 'a' }, userErrors: [] },
    });
    expect(result.errors).toContainEqual(
      expect.objectContaining({
        path: ['refused', expect.any(String), 0, 'message'],
        extensions: expect.objectContaining({ code: tooLarge, allowed: allowedBytes }),
      }),
    );
    expect(text.length).toBeLessThan(3 * allowedBytes);
  });
});

describe('a usual answer', () => {
  it('of 1,000 partners with every field passes, printed as JSON prints it', async () => {
    const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'];
    const members = platforms.flatMap((platform): [string, unknown][] => [
      [`${platform}Onboarded`, true],
      [`${platform}EnrollmentAssignments`, targets(2)],
    ]);
    rows = numbered(1000).map((row) => ({
      ...row,
      displayName: 'Contoso "Partner" \u2028 \u{1f600}',
      partnerState: 'enabled',
      lastHeartbeatDateTime: '2026-01-01T00:00:00.1234567Z',
      ...Object.fromEntries(members),
    }));
    const selections = platforms.map(
      (platform) => `${platform}Onboarded
        ${platform}EnrollmentAssignments { target { __typename filter { id type } } }`,
    );
    const { status, headers, result, root, text } = await usual.run(`{ ${list}(first: 1000) {
      totalCount
      edges { cursor node {
        id revision displayName partnerState lastHeartbeatDateTime ${selections.join(' ')} } } } }`);
    expect([status, result.errors]).toEqual([200, undefined]);
    expect(text).toBe(`${JSON.stringify(result)}\n`);
    expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
    expect(root).toMatchObject({ edges: rows.map(({ id }) => ({ node: { id } })) });
  });
});
