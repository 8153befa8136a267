import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { Choices } from '../choices.ts';
import { cutUp } from '../randomOperation.ts';
import { randomText } from '../randomTexts.ts';
import { randomJunk } from '../randomValues.ts';
import type { AskedOperation } from './askedOperation.ts';
import { batchText, errorText, pageText, partnerText } from './randomUpstreamJson.ts';

/** What a hostile upstream answers to one request. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** What the upstream knows of a request. */
export interface AskedOf {
  readonly method: string;
  readonly isBatch: boolean;
  readonly isCollection: boolean;
}

const collection = '/beta/deviceManagement/complianceManagementPartners';
const links = [
  `${collection}?$skiptoken=1`,
  `${collection}?$skiptoken=2`,
  '?$skiptoken=3',
  '',
  'https://evil.example/steal',
  '//evil.example/',
  'http://[',
  'javascript:alert(1)',
  `${collection}/../../../x`,
  'data:application/json,{}',
];
const contentTypes = [
  'application/json;odata.metadata=minimal;charset=utf-8',
  'application/json',
  'APPLICATION/JSON; charset=utf-16',
  'application/problem+json',
  'text/html',
  'application/octet-stream',
  'application/json, text/html',
  '',
];
const oddHeaders: readonly (readonly [string, string])[] = [
  ['retry-after', '0'],
  ['retry-after', '0.01'],
  ['retry-after', '3600'],
  ['retry-after', '-1'],
  ['retry-after', '1e9'],
  ['retry-after', 'Wed, 21 Oct 2015 07:28:00 GMT'],
  ['retry-after', 'soon'],
  ['location', `${collection}/row-1`],
  ['location', `${collection}('row-2')`],
  ['location', 'https://evil.example/beta/deviceManagement/complianceManagementPartners/row-1'],
  ['location', `${collection}/..%2f..`],
  ['location', 'http://['],
  ['odata-entityid', `${collection}/row-3`],
  ['www-authenticate', 'Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="'],
  ['www-authenticate', 'Bearer claims="%%%"'],
  ['www-authenticate', 'Bearer realm="urn:intune:service,x"'],
  ['www-authenticate', '"'],
  ['request-id', 'r'.repeat(2_000)],
  ['request-id', '<script>'],
  ['client-request-id', '\u00ff\u00fe'],
  ['date', 'yesterday'],
  ['set-cookie', 'a=b'],
  ['content-type', 'text/html'],
  ['__proto__', 'x'],
  ['x-filler', 'x'.repeat(4_000)],
];

const refusals = [
  400, 401, 402, 403, 404, 405, 406, 409, 410, 412, 413, 415, 418, 422, 423, 429, 451, 499,
];
const faults = [408, 500, 501, 502, 503, 504, 599];
const oddSuccesses = [200, 201, 202, 203, 204, 205, 206, 207, 226, 299];
const redirects = [300, 301, 302, 303, 304, 307, 308];

/** Draws an answer: right in half of the cases, or something that Graph would never say. */
export function randomAnswer(
  asked: AskedOf,
  operation: AskedOperation,
  choices: Choices,
): UpstreamAnswer {
  const status = randomStatus(asked, choices);
  const text =
    status < 300 || choices.chance(10)
      ? successText(asked, operation, choices)
      : errorText(choices);
  const { body, encoding } = bytesOf(choices.chance(12) ? cutUp(text, choices) : text, choices);
  return {
    status,
    headers: [
      [
        'content-type',
        choices.chance(94) ? (contentTypes[choices.below(2)] ?? '') : choices.pick(contentTypes),
      ],
      ...(encoding === undefined ? [] : [['content-encoding', encoding] as const]),
      ...choices.some(2, () => choices.pick(oddHeaders)),
    ],
    body: [204, 205, 304].includes(status) || choices.chance(3) ? Buffer.alloc(0) : body,
  };
}

function randomStatus({ method, isBatch }: AskedOf, choices: Choices): number {
  const lot = choices.below(100);
  if (lot < 60) {
    return { POST: isBatch ? 200 : 201, DELETE: 204 }[method] ?? 200;
  }
  if (lot < 72) {
    return choices.pick(oddSuccesses);
  }
  return choices.pick(lot < 88 ? refusals : lot < 96 ? faults : redirects);
}

function successText(asked: AskedOf, { ids }: AskedOperation, choices: Choices): string {
  if (choices.chance(4)) {
    return choices.pick([
      randomJunk({ kind: 'json' }, choices),
      randomText(choices),
      '<html>down</html>',
      '',
    ]);
  }
  if (asked.isBatch) {
    return batchText(ids, choices);
  }
  if (asked.isCollection && asked.method === 'GET') {
    return pageText(links, choices);
  }
  const partner = partnerText(ids[0] ?? 'row-1', choices);
  return choices.chance(5) ? `{"value":${partner}}` : partner;
}

function bytesOf(text: string, choices: Choices): { body: Buffer; encoding?: string } {
  const body = Buffer.from(text);
  switch (choices.below(40)) {
    case 39:
      return { body: gzipSync(body), encoding: 'gzip' };
    case 38:
      return { body: gzipSync(gzipSync(body)), encoding: 'gzip, gzip' };
    case 37:
      return { body, encoding: choices.pick(['gzip', 'br', 'zstd', 'deflate', ',', 'identity']) };
    case 36:
      return {
        body: choices.chance(50) ? brotliCompressSync(body) : deflateSync(body),
        encoding: 'br',
      };
    case 35:
      return { body: Buffer.from(text, 'utf16le') };
    case 34:
      return { body: Buffer.from(text, 'latin1') };
    case 33:
      return { body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]) };
    case 32:
      return { body: Buffer.concat([body, Buffer.from([0xff, 0x00])]) };
    default:
      return { body };
  }
}
