import type { Choices } from '../choices.ts';
import { randomNumberText, randomText } from '../randomTexts.ts';
import { randomJunk } from '../randomValues.ts';

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
export function partnerText(id: string, choices: Choices): string {
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
export function pageText(links: readonly string[], choices: Choices): string {
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
export function batchText(ids: readonly string[], choices: Choices): string {
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
export function errorText(choices: Choices): string {
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
