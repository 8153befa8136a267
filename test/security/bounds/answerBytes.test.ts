import { afterAll, describe, expect, it } from '@jest/globals';
import { everything } from '../../support/documents.ts';
import { type Answer, json } from '../../support/scriptedServer.ts';
import { times, useStages } from '../../support/stages.ts';

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

const tooLarge = 'ANSWER_TOO_LARGE';
const nothingBut = (code: string, allowed: number, seen: unknown) => ({
  data: null,
  errors: [
    {
      message: expect.stringContaining(`${allowed} are allowed`),
      extensions: { code, allowed, seen },
    },
  ],
});

const named = (displayName: string): typeof rows => [{ id: 'a', displayName }];
const x = (count: number) => named('x'.repeat(count));
const name = partner('displayName');
/** Beside the bytes of `"displayName":"",`. */
const most = allowedBytes - 17;
const aliases = partner('a: displayName b: displayName c: displayName d: displayName');
const inFragments = `{ complianceManagementPartner(id: "a") { a: displayName } ...F }
  fragment F on Query { ${list} { nodes { ...P } } }
  fragment P on ComplianceManagementPartner {
    ... { ${times(10, (index) => `t${index}: __typename`)} } ...Q t0: __typename }
  fragment Q on ComplianceManagementPartner { t0: __typename displayName }`;
/** Beside ten times `"t0":"ComplianceManagementPartner",`, `"a":"",` and `"nodes":[{},],`; the name is there twice. */
const mostInFragments = (most - 10 * 35 - 7 - 14) / 2;
const targetNames = partner('iosEnrollmentAssignments { target { __typename } }');
const targeted = (count: number) => [{ id: 'a', iosEnrollmentAssignments: targets(count) }];
const mostTargets = Math.floor(
  (allowedBytes - 40) / '{"target":{"__typename":"AllDevicesAssignmentTarget",},},'.length,
);
const revisions = nodes(times(19, (index) => `r${index}: revision`));
// A list and its items, an id in each.
const mostIds = (allowedValues - 2) / 2;

describe('the bounds of an answer', () => {
  it.each([
    [4097, 'texts', name, x(most), x(most + 1)],
    [4097, 'escapes', name, named('\u0001'.repeat(most / 6)), named('\u0001'.repeat(most / 6 + 1))],
    [4097, 'bytes in UTF-8', name, named('ü'.repeat(most / 2)), named('ü'.repeat(most / 2 + 1))],
    [4104, 'each alias', aliases, x(most / 4 - 10), x(most / 4)],
    [4098, 'names of types in fragments', inFragments, x(mostInFragments), x(mostInFragments + 1)],
    [4134, 'types of targets', targetNames, targeted(mostTargets), targeted(mostTargets + 1)],
    // `"r10":"…43 characters…",`
    [4142, 'each alias of a revision', revisions, numbered(4), numbered(5)],
    [401, 'values', nodes('id'), numbered(mostIds), numbered(mostIds + 1)],
  ])('count %i of %s', async (seen, what, query, fitting, beyond) => {
    rows = fitting;
    await gateway.ask(query);
    rows = beyond;
    const { result } = await gateway.run(query);
    const [code, allowed] =
      what === 'values' ? ['TOO_MANY_ANSWER_VALUES', allowedValues] : [tooLarge, allowedBytes];
    expect(result).toEqual(nothingBut(code, allowed, seen));
  });

  it('end the answer of 20 aliases of 690 letters over 1,000 partners', async () => {
    rows = numbered(1000);
    const { codes, text } = await usual.run(nodes(keyed(19, 690, '__typename')));
    expect(codes[0]).toBe(tooLarge);
    expect(text.length).toBeLessThan(1000);
  });

  it('let each key stand at the root once', async () => {
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
    expect([status, result]).toEqual([200, nothingBut(tooLarge, allowedBytes, allowedBytes + 1)]);
    expect(text.length).toBeLessThan(allowedBytes);
    expect((await usual.run(query)).codes).toHaveLength(10);
    // Either fits alone.
    rows = x(3000);
    const few = keyed(3, 400, 'complianceManagementPartner(id: "..") { id }');
    const both = await gateway.run(
      `{ complianceManagementPartner(id: "a") { displayName } ${few} }`,
    );
    expect(both.result).toEqual(nothingBut(tooLarge, allowedBytes, allowedBytes + 1));
  });

  it('about what a caller sent repeat no more than the start of it', async () => {
    const names = Array.from({ length: 5000 }, (_value, index) => [`x${index}`, 1]);
    const query = `query ($f: ComplianceManagementPartnerFilter) { ${list}(filter: $f) { totalCount } }`;
    const { codes, text } = await usual.run(query, { f: Object.fromEntries(names) });
    expect(codes.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThan(10_000);
  });
});

const field = 'updateComplianceManagementPartner';
const update = (id: string, selection: string) =>
  `${field}(input: { id: "${id}", iosOnboarded: true }) { ${selection} }`;

describe('a mutation whose answer is too large', () => {
  const assigned = 'macOsEnrollmentAssignments';
  const inList = `id partnerState ${assigned} { target { __typename filter { id } } }`;

  it.each([
    ['a text', 'displayName', 'x'.repeat(5000), 'displayName id partnerState'],
    ['a list', assigned, targets(500), inList],
    ['what is inside a list', assigned, targets(190), inList],
  ])('keeps the id and what fits if %s does not', async (_what, large, value, selection) => {
    rows = [{ id: 'a', iosOnboarded: true, partnerState: 'enabled', [large]: value }];
    const { status, result } = await gateway.run(
      `mutation { ${update('a', `complianceManagementPartner { ${selection} } userErrors { code }`)} }`,
    );
    const kept = { id: 'a', partnerState: 'ENABLED', [large]: null };
    const error = {
      path: [field, 'complianceManagementPartner', large],
      message: expect.any(String),
      extensions: expect.objectContaining({
        code: large === assigned ? expect.any(String) : tooLarge,
      }),
    };
    const data = { [field]: { complianceManagementPartner: kept, userErrors: [] } };
    expect([status, result]).toEqual([200, { data, errors: [error] }]);
  });

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

  it('keeps its data and the errors that fit', async () => {
    rows = [{ id: 'a', iosOnboarded: true }];
    const payload = 'complianceManagementPartner { id }';
    const refused = keyed(9, 400, update('nobody', payload));
    const { result, codes } = await gateway.run(
      `mutation { done: ${update('a', payload)} ${refused} }`,
    );
    expect(result.data).toMatchObject({ done: { complianceManagementPartner: { id: 'a' } } });
    expect(codes.length).toBeGreaterThan(1);
    expect(codes.length).toBeLessThan(9);
    expect(codes.at(-1)).toBe(tooLarge);
  });
});

it('prints a usual answer of 1,000 partners with every field as JSON prints it', async () => {
  const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'];
  const members = platforms.flatMap((platform) => [
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
  const { headers, result, root, text } = await usual.run(`{ ${list}(first: 1000) {
    totalCount edges { cursor node { ...Everything revision } } } } ${everything}`);
  expect(result.errors).toBeUndefined();
  expect(text).toBe(`${JSON.stringify(result)}\n`);
  expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
  expect(root).toMatchObject({ edges: rows.map(({ id }) => ({ node: { id } })) });
});
