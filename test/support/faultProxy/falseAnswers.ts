import { deflateRawSync, gzipSync } from 'node:zlib';
import type { Exchange, RequestFault } from './fault.ts';
import { answers, fault } from './faults.ts';
import { type HttpAnswer, headOf, httpAnswer, isBodiless, jsonType, withBody } from './http.ts';
import { nextTurn } from './wire.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Sends the upstream's answer with a change; of an answer without a body an empty object is changed. */
function twisted(change: (text: string, exchange: Exchange) => string): RequestFault {
  return answers((exchange) => {
    const answer = believable(exchange.answer);
    return withBody(answer, change(answer.body.toString('utf8'), exchange));
  });
}

/** Cuts the JSON in the middle and gives the true length of what is left. */
export const truncatedJson = (): RequestFault =>
  twisted((text) => text.slice(0, Math.ceil(text.length / 2)));

/** Repeats keys. Parsers that take the last one read another partner, or none. */
export const duplicateKeys = (): RequestFault =>
  twisted((text) => {
    const isList = Array.isArray(parseObject(text)['value']);
    const again = isList ? '"value":[]' : '"id":"second-id","displayName":"Second name"';
    const first = isList ? '"value":[],' : '"id":"first-id","displayName":"First name",';
    const body = text.replace(/}\s*$/, '').replace(/^\s*\{/, '');
    return `{${first}${body}${body.trim() === '' ? '' : ','}${again}}`;
  });

/** Gives each property of a partner a value of another type. */
export const wrongTypes = (): RequestFault =>
  twisted((text) => {
    const body = parseObject(text);
    const rows = body['value'];
    const isList = Array.isArray(rows);
    return JSON.stringify(
      isList
        ? { ...body, value: [...rows.map(() => wrongPartner), null, 7] }
        : { ...body, ...wrongPartner },
    );
  });

/** Adds a link to a next page. */
export function nextLink(to: (exchange: Exchange) => string): RequestFault {
  return twisted((text, exchange) =>
    JSON.stringify({ ...parseObject(text), '@odata.nextLink': to(exchange) }),
  );
}

/** Leads from each page to the page itself. */
export const loopingNextLink = (): RequestFault =>
  nextLink(({ origin, request }) => `${origin}${request.path}`);

/** Leads from each page to another one, with this many new rows. */
export function endlessPages(rowsInPage: number): RequestFault {
  let page = 0;
  return answers(({ origin, request }) => {
    page += 1;
    const path = request.path.replace(/\?.*/, '');
    const value = Array.from({ length: rowsInPage }, (_, row) => ({
      id: `endless-${page}-${row}`,
    }));
    const link = `${origin}${path}?$skiptoken=endless-${page}`;
    return httpAnswer(200, jsonType, { value, '@odata.nextLink': link });
  });
}

/** Compresses the answer several times over. */
export function stackedEncodings(count: number): RequestFault {
  return answers(({ answer }) => {
    let { body } = believable(answer);
    for (let index = 0; index < count; index += 1) {
      body = gzipSync(body);
    }
    return encodedAs(Array(count).fill('gzip').join(', '), answer, body);
  });
}

/** Sends bytes in an encoding that does not exist. */
export const unknownEncoding = (): RequestFault =>
  answers(({ answer }) => encodedAs('x-unknown', answer, deflateRawSync(believable(answer).body)));

const wrongPartner: JsonObject = {
  id: 7,
  displayName: { text: 'Fleet' },
  partnerState: true,
  lastHeartbeatDateTime: 1_770_000_000,
  windowsOnboarded: 'yes',
  windowsEnrollmentAssignments: 'none',
};

function believable(answer: HttpAnswer): HttpAnswer {
  return isBodiless(answer) ? httpAnswer(200, jsonType, {}) : answer;
}

function encodedAs(encoding: string, answer: HttpAnswer, body: Buffer): HttpAnswer {
  const { status, headers } = believable(answer);
  return { status, headers: [...headers, ['content-encoding', encoding]], body };
}

function parseObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

const kibibyte = 1024;

/** Valid JSON with a partner's id and an empty list, blown up by white space between its halves. */
const opening = '{"id":"huge","value":[';
const closing = ']}';

/** Sends a body of valid JSON of this size, as fast as it is read. */
export const hugeBody = (bytes: number): RequestFault =>
  fault(async ({ wire }) => {
    const filler = Buffer.alloc(256 * kibibyte, ' ');
    await wire.write(headOf(httpAnswer(200, jsonType), { length: bytes }));
    await wire.write(opening);
    let left = bytes - opening.length - closing.length;
    while (left > 0 && wire.isOpen) {
      const chunk = filler.subarray(0, left);
      left -= chunk.length;
      await wire.write(chunk);
      await nextTurn();
    }
    await wire.write(closing);
  });

/** Sends valid JSON that is a thousandth of its size as long as it is compressed. */
export const gzipBomb = (): RequestFault =>
  answers(() => httpAnswer(200, { ...jsonType, 'content-encoding': 'gzip' }, bombOnce()));

const bombBytes = 60_000_000;
let bomb: Buffer | undefined;

/** Built once: it takes as long as a hundred other tests. */
function bombOnce(): Buffer {
  bomb ??= gzipSync(`${opening}${' '.repeat(bombBytes)}${closing}`);
  return bomb;
}

/** Puts header lines of this size in all around the answer. */
export function hugeHeaders(bytes: number): RequestFault {
  const lines = Array.from(
    { length: Math.ceil(bytes / kibibyte) },
    (_, index) => [`x-filler-${index}`, 'f'.repeat(kibibyte)] as const,
  );
  return answers(({ answer }) => ({
    ...answer,
    headers: [...answer.headers, ...lines],
  }));
}
