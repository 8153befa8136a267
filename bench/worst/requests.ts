import { getIntrospectionQuery } from 'graphql';

/** One request of the search, by what it tries. */
export interface Operation {
  readonly name: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Sent in place of query and variables. */
  readonly body?: string;
}

/** The requests of one seed: the same in each run. */
export interface Requests {
  /** Any request, within the limits or beyond them. */
  next(): Operation;
}

const list = 'complianceManagementPartners';
const flags = ['macOs', 'windows', 'android', 'ios', 'linux'];
const target =
  '{ target { __typename filter { id type } ... on GroupAssignmentTarget { groupId } ... on UnrecognizedAssignmentTarget { odataType properties } } }';
const everyField = [
  'id revision displayName partnerState lastHeartbeatDateTime',
  ...flags.map((name) => `${name}Onboarded ${name}EnrollmentAssignments ${target}`),
].join(' ');
const letters = [
  'a',
  '\u0300\u0327',
  '\ufdfa',
  'ß',
  '\u{1f600}',
  'N',
  'Contoso ',
  '\uff9e\u0327',
  'Σ.',
];
/** As many bytes as a body may have, less what is around the variables. */
const variableBytes = 62_000;
/** Characters that a document may use for the names of its aliases. */
const aliasCharacters = 14_000;
const mostAliases = 20;

const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_value, index) => make(index));
const joined = (count: number, make: (index: number) => string): string =>
  times(count, make).join(' ');
const uuid = (index: number): string =>
  `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

export function createRequests(seed: number): Requests {
  let state = seed;
  /** From 0 to `below`, which is excluded. */
  function random(below: number): number {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  }
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)] as Item;

  function text(): string {
    const unit = pick(letters);
    const whole = unit.repeat(Math.ceil(256 / unit.length)).slice(0, pick([1, 8, 255, 256]));
    return random(2) === 0 ? whole : `${whole.slice(0, -1)}b`;
  }

  const condition = (): object =>
    pick([
      () => ({ displayName: { [pick(['contains', 'startsWith', 'eq'])]: text() } }),
      () => ({ lastHeartbeatDateTime: { after: '2026-01-01T00:00:00.0000001+13:59' } }),
      () => ({ partnerState: { notIn: ['ENABLED'] } }),
    ])();

  const orderOf = (): readonly object[] => {
    const fields = ['DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME'];
    const start = random(3);
    return times(1 + random(3), (index) => ({
      field: fields[(start + index) % 3],
      direction: pick(['ASC', 'DESC']),
    }));
  };

  /** A cursor as the gateway writes them, of a row that is there or of none. */
  function cursor(): string {
    const id = Buffer.from(pick([uuid(random(10_000)), 'gone', 'x'.repeat(64)]));
    const numbers = [random(12_000), ...times(8, () => random(2 ** 32))];
    const bytes = Buffer.alloc(3 + id.length + 4 * numbers.length);
    bytes.writeUInt8(1);
    bytes.writeUInt16BE(id.length, 1);
    id.copy(bytes, 3);
    for (const [index, number] of numbers.entries()) {
      bytes.writeUInt32BE(number, 3 + id.length + 4 * index);
    }
    return bytes.toString('base64url');
  }

  /** Some lists with a share of the conditions each. */
  function lists(): Operation {
    const count = pick([1, 2, 10]);
    const conditions = pick([0, 1, 100, 101]);
    const rows = Math.floor(pick([1000, 10, 1010]) / count);
    const isPlaced = random(4) === 0;
    const fields = pick([
      `nodes { ${everyField} }`,
      `edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage }`,
      'totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }',
      `totalCount nodes { ${joined(19 - count, (index) => `n${index}: displayName`)} }`,
      `nodes { ${joined(19 - count, (index) => `a${index}: macOsEnrollmentAssignments ${target}`)} }`,
    ]);
    const joint = pick(['and', 'or']);
    const variables = Object.fromEntries(
      times(count, (index): [string, unknown][] => [
        [
          `f${index}`,
          conditions < count ? null : { [joint]: times(Math.floor(conditions / count), condition) },
        ],
        [`o${index}`, pick([null, orderOf()])],
        [`a${index}`, isPlaced ? cursor() : null],
        [`b${index}`, isPlaced ? cursor() : null],
      ]).flat(),
    );
    const declared = joined(
      count,
      (index) =>
        `$f${index}: ComplianceManagementPartnerFilter $o${index}: [ComplianceManagementPartnerOrder!] $a${index}: String $b${index}: String`,
    );
    const asked = joined(
      count,
      (index) =>
        `l${index}: ${list}(${pick(['first', 'last'])}: ${rows}, filter: $f${index}, orderBy: $o${index}, after: $a${index}, before: $b${index}) { ${fields} }`,
    );
    return {
      name: `${count} x ${rows} rows, ${conditions} conditions (${joint}${isPlaced ? ', cursors' : ''}), ${fields.slice(0, 60)}`,
      query: `query (${declared}) { ${asked} }`,
      variables,
    };
  }

  /** Aliases of long names, over as many rows as make an answer of about the bound, a little less or a little more. */
  function largeAnswer(): Operation {
    const aliases = pick([1, 2, 7, mostAliases]);
    const length = pick([1, 100, Math.floor(aliasCharacters / aliases)]);
    const name = (index: number): string => `${'n'.repeat(length)}${index}`;
    const rows = pick([1000, 500, 300, 100, 20, 10, 1]);
    const repeat = (field: string): string =>
      joined(aliases, (index) => `${name(index)}: ${field}`);
    const fields = pick([
      `nodes { ${repeat('displayName')} }`,
      `nodes { ${repeat('revision')} }`,
      `nodes { ${repeat('__typename')} }`,
      `nodes { ${repeat('partnerState')} id }`,
      `edges { ${repeat('cursor')} }`,
      `edges { ${repeat('__typename')} node { ${everyField} } }`,
      `nodes { ${joined(aliases, (index) => `${name(index)}: macOsEnrollmentAssignments ${target}`)} }`,
      `nodes { ${flags.map((flag) => `${flag}EnrollmentAssignments { target { __typename } }`).join(' ')} }`,
      `nodes { macOsEnrollmentAssignments { ${repeat('__typename')} } }`,
      `nodes { macOsEnrollmentAssignments { target { ${repeat('__typename')} } } }`,
      `nodes { macOsEnrollmentAssignments { target { ... on GroupAssignmentTarget { ${repeat('groupId')} } } } }`,
      `nodes { macOsEnrollmentAssignments { target { ... on UnrecognizedAssignmentTarget { ${repeat('properties')} } } } }`,
    ]);
    return {
      name: `${aliases} aliases of ${length} letters, ${rows} rows, ${fields.replace(/nn+/g, 'n…').slice(0, 80)}`,
      query: `query ($o: [ComplianceManagementPartnerOrder!]) { ${list}(first: ${rows}, orderBy: $o) { ${fields} } }`,
      variables: { o: pick([null, orderOf()]) },
    };
  }

  /** Writes with as much input as a body may have, of targets that are right or wrong. */
  function write(): Operation {
    const isRight = random(3) > 0;
    const of = (index: number): object => ({
      target: pick([
        { group: { groupId: isRight ? uuid(index) : 'no-uuid' } },
        { allDevices: { filter: { id: uuid(index), type: 'INCLUDE' } } },
        { configurationManagerCollection: { collectionId: isRight ? 'c' : ' ' } },
        ...(isRight ? [] : [{ allDevices: {}, allLicensedUsers: {} }, null]),
      ]),
    });
    const count = pick([1, 10]);
    const entries = Math.floor(variableBytes / 85 / pick([1, count]));
    const input = {
      displayName: pick(['Contoso', 'N'.repeat(256)]),
      ...Object.fromEntries(
        flags.map((flag, index) => [
          `${flag}EnrollmentAssignments`,
          index === 0 ? times(entries, of) : null,
        ]),
      ),
    };
    const [kind, type] = pick([
      ['updateComplianceManagementPartner', 'UpdateComplianceManagementPartnerInput'],
      ['addComplianceManagementPartner', 'AddComplianceManagementPartnerInput'],
    ] as const);
    const selection = `complianceManagementPartner { ${pick(count === 1 ? ['id', everyField] : ['id'])} } userErrors { code message field }`;
    return {
      name: `${count} x ${kind} with ${entries} assignments${isRight ? '' : ', some of them wrong'}`,
      query: `mutation ($i: ${type}!) { ${joined(count, (index) => `m${index}: ${kind}(input: $i) { ${selection} }`)} }`,
      variables: { i: kind.startsWith('add') ? input : { id: uuid(0), ...input } },
    };
  }

  /** Changes of one assignment, which read, compare and write all others. */
  function change(): Operation {
    const kind = pick(['addEnrollmentAssignment', 'removeEnrollmentAssignment']);
    const changed = joined(
      10,
      (index) =>
        `m${index}: ${kind}(input: { id: "${uuid(0)}", platform: MAC_OS, target: { group: { groupId: "${uuid(index)}" } } }) { changed complianceManagementPartner { id revision } }`,
    );
    return { name: `10 x ${kind}`, query: `mutation { ${changed} }`, variables: {} };
  }

  /** Documents that are dear to parse and to validate. */
  function document(): Operation {
    const [name, query] = pick<readonly [string, string]>([
      ['introspection', getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true })],
      [
        'introspection of all types, thrice',
        `{ ${joined(3, (index) => `t${index}: __schema { types { name fields(includeDeprecated: true) { name args { name type { name ofType { name ofType { name } } } } type { name ofType { name ofType { name } } } } inputFields { name type { name } } } }`)} }`,
      ],
      [
        'deep introspection',
        `{ __schema { types { fields { type { ofType { possibleTypes { interfaces { possibleTypes { name } } } } } } } }`,
      ],
      ['one field 480 times', `{ ${list} { nodes { ${joined(480, () => 'id')} } } }`],
      ['one list 240 times', `{ ${joined(240, () => `${list} { totalCount }`)} }`],
      [
        'lists inside lists that are to be merged',
        `{ ${joined(60, () => `${list} { nodes { id } edges { node { id } } }`)} }`,
      ],
      [
        'fragments that are spread in each other',
        `{ ...f0 } ${joined(80, (index) => `fragment f${index} on Query { ${index < 79 ? `...f${index + 1}` : ''} a: __typename }`)}`,
      ],
      [
        'each fragment beside all others',
        `{ ${joined(55, (index) => `...f${index}`)} } ${joined(55, (index) => `fragment f${index} on Query { ${list} { nodes { id } } }`)}`,
      ],
      [
        'fragments that spread two each',
        `{ ...f0 } ${joined(60, (index) => `fragment f${index} on Query { ${index < 58 ? `...f${index + 1} ...f${index + 2}` : ''} __typename }`)}`,
      ],
      [
        '190 variables that are used nowhere',
        `query (${joined(190, (index) => `$v${index}: Int`)}) { __typename }`,
      ],
      [
        'unknown fields with suggestions',
        `{ ${joined(480, (index) => `complianceManagementPartnerz${index}`)} }`,
      ],
      ['an unknown field of 16,000 letters', `{ ${'complianceManagementPartners'.repeat(570)} }`],
      [
        'an argument of many objects',
        `{ ${list}(filter: {or: [${joined(90, () => '{not: {displayName: {eq: "x"}}}')}]}) { totalCount } }`,
      ],
      [
        'an argument of many unknown members',
        `{ ${list}(filter: {${joined(230, (index) => `displayNames${index}: 1`)}}) { totalCount } }`,
      ],
      ['deep braces', `{ ${'a { '.repeat(240)} b ${'} '.repeat(240)} }`],
      [
        'deep lists in an argument',
        `{ ${list}(filter: ${'['.repeat(480)}${']'.repeat(480)}) { a } }`,
      ],
      ['a comment', `{ __typename } #${'x'.repeat(16_000)}`],
      ['a text of escapes', `{ ${list}(after: "${'\\u00e4'.repeat(2600)}") { totalCount } }`],
    ]);
    return { name: `a document: ${name}`, query, variables: {} };
  }

  /** Bodies and variables as large as they may be. */
  function body(): Operation {
    const filter = 'query ($f: ComplianceManagementPartnerFilter)';
    const asked = `${filter} { ${list}(filter: $f) { totalCount } }`;
    const other = (name: string, json: string): Operation => ({
      name: `a body: ${name}`,
      query: '',
      variables: {},
      body: json,
    });
    const around = (json: string): string =>
      `{"query":${JSON.stringify(asked)},"variables":${json}}`;
    return pick([
      () => other('empty objects', around(`{"f":[${'{},'.repeat(20_000)}{}]}`)),
      () => other('members', around(`{${joined(7_000, (index) => `"${index}":1,`)}"f":null}`)),
      () => other('names that are long', around(`{"${'\\u0061'.repeat(10_000)}":1}`)),
      () => other('backslashes', around(`{"a":"${'\\\\'.repeat(30_000)}"}`)),
      () => other('quotes', around(`{"a":"${'\\"'.repeat(30_000)}"}`)),
      () => other('numbers', around(`{"a":[${'1e308,'.repeat(10_000)}1]}`)),
      () => other('brackets', around(`{"a":${'['.repeat(31_000)}${']'.repeat(31_000)}}`)),
      () =>
        other(
          'unknown members',
          around(`{"f":{${joined(5_000, (index) => `"x${index}":1,`)}"y":1}}`),
        ),
      () => other('conditions of wrong types', around(`{"f":{"or":[${'1,'.repeat(90)}1]}}`)),
      () => other('a batch', `[${'{"query":"{a}"},'.repeat(3_800)}{"query":"{a}"}]`),
    ])();
  }

  /** Requests that are beyond the limits, or use one variable many times. */
  function beyond(): Operation {
    const conditions = times(600, () => ({ displayName: { contains: 'x' } }));
    return pick<Operation>([
      {
        name: 'one list of conditions used 100 times',
        query: `query ($l: [ComplianceManagementPartnerFilter!]) { ${list}(filter: {and: [${'{or: $l}'.repeat(100)}]}) { totalCount } }`,
        variables: { l: conditions },
      },
      {
        name: 'an order of 1,400 keys',
        query: `query ($o: [ComplianceManagementPartnerOrder!]) { ${list}(orderBy: $o) { totalCount } }`,
        variables: { o: times(1400, () => ({ field: 'DISPLAY_NAME' })) },
      },
      {
        name: 'a text of 60,000 characters',
        query: `query ($t: String) { ${list}(filter: {displayName: {contains: $t}}) { totalCount } }`,
        variables: { t: `a${'\u0300\u0327'.repeat(14_000)}` },
      },
    ]);
  }

  const kinds = [
    lists,
    lists,
    lists,
    largeAnswer,
    largeAnswer,
    largeAnswer,
    write,
    change,
    document,
    body,
    beyond,
  ];
  return { next: () => pick(kinds)() };
}
