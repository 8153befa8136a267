import { setImmediate as nextTurn } from 'node:timers/promises';
import { deflateRawSync, gzipSync } from 'node:zlib';
import type { Exchange, RequestFault } from './fault.ts';
import { answers, fault } from './faults.ts';
import { type HttpAnswer, headOf, httpAnswer, isBodiless, jsonType } from './http.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Something that can be changed: an empty object in place of no body. */
const believable = (answer: HttpAnswer): HttpAnswer =>
  isBodiless(answer) ? httpAnswer(200, jsonType, {}) : answer;

/** Sends the upstream's answer with a change. */
const twisted = (change: (text: string, exchange: Exchange) => string): RequestFault =>
  answers((exchange) => {
    const answer = believable(exchange.answer);
    return { ...answer, body: Buffer.from(change(answer.body.toString('utf8'), exchange)) };
  });

function parseObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Cuts the JSON in the middle and gives the true length of what is left. */
export const truncatedJson = (): RequestFault =>
  twisted((text) => text.slice(0, Math.ceil(text.length / 2)));

/** Repeats keys. Parsers that take the last one read another partner, or none. */
export const duplicateKeys = (): RequestFault =>
  twisted((text) => {
    const isList = Array.isArray(parseObject(text)['value']);
    const again = isList ? '"value":[]' : '"id":"second-id","displayName":"Second name"';
    const first = isList ? '"value":[]' : '"id":"first-id","displayName":"First name"';
    const body = text.trim().slice(1, -1);
    return `{${[first, body, again].filter((part) => part.trim() !== '').join()}}`;
  });

const wrongPartner: JsonObject = {
  id: 7,
  displayName: { text: 'Fleet' },
  partnerState: true,
  lastHeartbeatDateTime: 1_770_000_000,
  windowsOnboarded: 'yes',
  windowsEnrollmentAssignments: 'none',
};

/** Gives each property of a partner a value of another type. */
export const wrongTypes = (): RequestFault =>
  twisted((text) => {
    const body = parseObject(text);
    const rows = body['value'];
    const wrong = Array.isArray(rows)
      ? { value: [...rows.map(() => wrongPartner), null, 7] }
      : wrongPartner;
    return JSON.stringify({ ...body, ...wrong });
  });

/** Adds a link to a next page. */
export const nextLink = (to: (exchange: Exchange) => string): RequestFault =>
  twisted((text, exchange) =>
    JSON.stringify({ ...parseObject(text), '@odata.nextLink': to(exchange) }),
  );

/** Leads from each page to the page itself. */
export const loopingNextLink = (): RequestFault =>
  nextLink(({ origin, request }) => `${origin}${request.path}`);

/** Leads from each page to another one, with this many new rows. */
export function endlessPages(rowsInPage: number): RequestFault {
  let page = 0;
  return answers(({ origin, request }) => {
    page += 1;
    const rows = Array.from({ length: rowsInPage }, (_, row) => ({ id: `endless-${page}-${row}` }));
    const link = `${origin}${request.path.replace(/\?.*/, '')}?$skiptoken=endless-${page}`;
    return httpAnswer(200, jsonType, { value: rows, '@odata.nextLink': link });
  });
}

const encodedAs = (encoding: string, encode: (body: Buffer) => Buffer): RequestFault =>
  answers((exchange) => {
    const { status, headers, body } = believable(exchange.answer);
    return { status, headers: { ...headers, 'content-encoding': encoding }, body: encode(body) };
  });

/** Compresses the answer several times over. */
export const stackedEncodings = (count: number): RequestFault => {
  const all = Array<string>(count).fill('gzip');
  return encodedAs(all.join(', '), (body) => all.reduce((bytes) => gzipSync(bytes), body));
};

/** Sends bytes in an encoding that does not exist. */
export const unknownEncoding = (): RequestFault =>
  encodedAs('x-unknown', (body) => deflateRawSync(body));

/** Valid JSON with a partner's id and an empty list, blown up by white space between its halves. */
const [opening, closing] = ['{"id":"huge","value":[', ']}'];

/** Sends a body of valid JSON of this size, as fast as it is read. */
export const hugeBody = (bytes: number): RequestFault =>
  fault(async ({ wire }) => {
    const filler = Buffer.alloc(262_144, ' ');
    await wire.write(headOf(httpAnswer(200, jsonType), bytes) + opening);
    let left = bytes - opening.length - closing.length;
    while (left > 0 && wire.isOpen) {
      await wire.write(filler.subarray(0, left));
      left -= filler.length;
      await nextTurn();
    }
    await wire.write(closing);
  });

let bomb: Buffer | undefined;

/** Sends valid JSON that is a thousandth of its size as long as it is compressed. */
export const gzipBomb = (): RequestFault =>
  answers(() => {
    // Built once: it takes as long as a hundred other tests.
    bomb ??= gzipSync(`${opening}${' '.repeat(60_000_000)}${closing}`);
    return httpAnswer(200, { ...jsonType, 'content-encoding': 'gzip' }, bomb);
  });

/** Puts header lines of this size in all around the answer. */
export const hugeHeaders = (bytes: number): RequestFault => {
  const lines = Array.from({ length: Math.ceil(bytes / 1024) }, (_, index) => [
    `x-filler-${index}`,
    'f'.repeat(1024),
  ]);
  return answers(({ answer }) => ({
    ...answer,
    headers: { ...answer.headers, ...Object.fromEntries(lines) },
  }));
};
