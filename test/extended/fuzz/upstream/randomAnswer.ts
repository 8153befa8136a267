import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { Choices } from '../choices.ts';
import { cutUp } from '../randomOperation.ts';
import { randomNumberText, randomText } from '../randomTexts.ts';
import { randomJunk } from '../randomValues.ts';
import type { AskedOperation } from './askedOperation.ts';

const json = { kind: 'json' } as const;
const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'];
const states = ['unknown', 'enabled', 'rejected', 'suspended', 'String', 'ENABLED', '__proto__'];
const targetTypes = [
  '#microsoft.graph.allLicensedUsersAssignmentTarget',
  'microsoft.graph.groupAssignmentTarget',
  '#microsoft.graph.exclusionGroupAssignmentTarget',
  '#Microsoft.Graph.ConfigurationManagerCollectionAssignmentTarget',
  '#microsoft.graph.scopeTagGroupAssignmentTarget',
  '#microsoft.graph.__proto__',
  'constructor',
  '',
];
const oddMembers = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '@odata.type',
  '__typename',
  'then',
  'resource',
  '',
];

/** A member: right as a rule, else junk, missing, or there twice. */
function member(name: string, right: () => string, choices: Choices): string[] {
  const lot = choices.below(100);
  if (lot >= 99) {
    return [`${JSON.stringify(name)}:${right()}`, `${JSON.stringify(name)}:${right()}`];
  }
  if (lot >= 97) {
    return [];
  }
  const value = lot >= 93 ? randomJunk(json, choices) : right();
  return [`${JSON.stringify(name)}:${value}`];
}

function object(members: readonly string[], choices: Choices): string {
  const all = [...members];
  if (choices.chance(8)) {
    all.push(`${JSON.stringify(choices.pick(oddMembers))}:${randomJunk(json, choices)}`);
  }
  return `{${all.join(',')}}`;
}

function targetText(choices: Choices): string {
  const filter = choices.chance(20)
    ? [
        ...member('deviceAndAppManagementAssignmentFilterId', () => textOf('f-1'), choices),
        ...member(
          'deviceAndAppManagementAssignmentFilterType',
          () => textOf(choices.pick(['include', 'none', 'x'])),
          choices,
        ),
      ]
    : [];
  return object(
    [
      ...member('@odata.type', () => textOf(choices.pick(targetTypes)), choices),
      ...(choices.chance(60) ? member('groupId', () => textOf('g-1'), choices) : []),
      ...(choices.chance(20)
        ? member('collectionId', () => randomNumberText(choices), choices)
        : []),
      ...filter,
    ],
    choices,
  );
}

function assignmentsText(choices: Choices): string {
  const entry = (): string =>
    choices.chance(10)
      ? choices.pick(['null', '{}', '{"target":null}'])
      : object(
          member('target', () => targetText(choices), choices),
          choices,
        );
  return choices.chance(10) ? 'null' : `[${choices.some(4, entry).join(',')}]`;
}

/** A partner as Graph writes it, with something wrong in every second one. */
function partnerText(id: string, choices: Choices): string {
  const members = [
    ...member('id', () => textOf(choices.chance(3) ? randomText(choices) : id), choices),
    ...member(
      'displayName',
      () => textOf(choices.chance(10) ? randomText(choices) : 'Fleet'),
      choices,
    ),
    ...member('partnerState', () => textOf(choices.pick(states)), choices),
    ...member(
      'lastHeartbeatDateTime',
      () =>
        textOf(
          choices.pick(['2016-12-31T23:56:56.7799755+03:00', '0001-01-01T00:00:00Z', 'never']),
        ),
      choices,
    ),
  ];
  for (const platform of platforms.filter(() => choices.chance(40))) {
    members.push(
      ...member(`${platform}Onboarded`, () => choices.pick(['true', 'false', 'null']), choices),
      ...member(`${platform}EnrollmentAssignments`, () => assignmentsText(choices), choices),
    );
  }
  return object(members, choices);
}

/** A page of the list; its link leads on, back, or elsewhere. */
function pageText(links: readonly string[], choices: Choices): string {
  const rows = choices.some(5, () =>
    partnerText(choices.pick(['row-1', 'row-2', 'row-3', 'row-4']), choices),
  );
  return object(
    [
      ...member(
        '@odata.context',
        () => textOf('https://graph.microsoft.com/beta/$metadata'),
        choices,
      ),
      ...(choices.chance(25)
        ? member('@odata.nextLink', () => textOf(choices.pick(links)), choices)
        : []),
      ...member('value', () => `[${rows.join(',')}]`, choices),
    ],
    choices,
  );
}

/** The answer to a batch of so many reads, in any order, with strangers in it. */
function batchText(ids: readonly string[], choices: Choices): string {
  const items = ids.map((id, index) => {
    const status = choices.chance(70) ? 200 : choices.pick([404, 429, 500, 503, 401, 400, 999, 0]);
    return object(
      [
        ...member('id', () => textOf(String(index)), choices),
        ...member('status', () => String(status), choices),
        ...member(
          'headers',
          () =>
            choices.pick([
              '{"Content-Type":"application/json"}',
              '{"Retry-After":"0"}',
              '{}',
              '{"Content-Type":["application/json"]}',
            ]),
          choices,
        ),
        ...member(
          'body',
          () => (status === 200 ? partnerText(id, choices) : errorText(choices)),
          choices,
        ),
      ],
      choices,
    );
  });
  return object(
    member(
      'responses',
      () => `[${(choices.chance(30) ? items.reverse() : items).join(',')}]`,
      choices,
    ),
    choices,
  );
}

const codes = [
  'BadRequest',
  'Forbidden',
  'ResourceNotFound',
  'UnknownError',
  '',
  'TooManyRequests',
  'No method match route template',
  '__proto__',
];
const sentences = [
  'Not applicable to target tenant',
  'An error has occurred - Operation ID (for customer support): 00000000 - Activity ID: 0 - Url: https://fef.msub01.manage.microsoft.com/x',
  'User is not authorized to perform this operation',
  "Property 'linuxOnboarded' is not valid on 'microsoft.management.services.api.complianceManagementPartner'",
  'line\r\nbreak\u0000',
  'Bearer eyJhbGciOiJub25lIn0.eyJhIjoxfQ.x',
];

/** An error envelope in one of the shapes that Intune has, or nearly so. */
function errorText(choices: Choices): string {
  const sentence = (): string => choices.pick(sentences);
  const message = (): string =>
    choices.pick([
      sentence(),
      JSON.stringify({ Message: sentence() }),
      JSON.stringify({
        ErrorCode: choices.pick(codes),
        Message: JSON.stringify({ Message: sentence() }),
      }),
      JSON.stringify({ RetryAfter: choices.pick([1, '0', null, {}]), Message: sentence() }),
      randomText(choices),
    ]);
  const inner = (): string =>
    object(
      [
        ...member('request-id', () => textOf('r-1'), choices),
        ...member('code', () => textOf(choices.pick(codes)), choices),
      ],
      choices,
    );
  const error = (): string =>
    object(
      [
        ...member('code', () => textOf(choices.pick(codes)), choices),
        ...member('message', () => textOf(message()), choices),
        ...member(choices.pick(['innerError', 'innererror']), inner, choices),
      ],
      choices,
    );
  return object(member('error', error, choices), choices);
}

const textOf = (text: string): string => JSON.stringify(text);

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
