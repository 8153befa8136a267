import { getIntrospectionQuery } from 'graphql';

/** A request that is rejected, or that has an invalid token. */
export interface HostileRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export const acceptedToken = 'accepted-token';

const json = { 'content-type': 'application/json' };
const list = 'complianceManagementPartners { totalCount }';

const post = (value: unknown, headers: Readonly<Record<string, string>> = {}): HostileRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: { ...json, ...headers },
  body: typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value),
});
const accepted = { authorization: `Bearer ${acceptedToken}` };
const forged = (number: number) => ({ authorization: `Bearer forged-${number}` });
/** 16 KB of comment: much text and few tokens. */
const padded = (query: string, number: number): string =>
  `${query} # ${number} ${'x'.repeat(16_000 - query.length)}`;
/** As many tokens as pass: little text and much memory. */
const dense = (number: number): string =>
  `query Q${number} { complianceManagementPartners { totalCount nodes { ${'id '.repeat(300)} } } }`;
const repeated = (text: (index: number) => string, count: number): string =>
  Array.from({ length: count }, (_value, index) => text(index)).join(' ');

/** Every kind of rejection, each with a document, an id or a header of its own number. */
const kinds: readonly ((number: number) => HostileRequest)[] = [
  (number) => post({ query: padded(`{ ${list} }`, number) }),
  (number) => post({ query: `query Q${number} { ${list} }` }),
  (number) => post({ query: dense(number) }),
  (number) => post({ query: getIntrospectionQuery(), operationName: `Q${number}` }),
  (number) => post({ query: padded('{ __schema { description } }', number) }),
  (number) => post({ query: padded(`{ ${list} }`, number) }, forged(number)),
  (number) => post({ query: padded('{ viewer { authMode } }', number) }, forged(number)),
  (number) => post({ query: dense(number) }, forged(number)),
  (number) => post({ query: padded(`{ ${list} }`, number) }, { authorization: `Basic ${number}` }),
  (number) => post({ query: padded('{ not GraphQL', number) }),
  (number) => post({ query: padded(`{ unknown${number} }`, number) }, accepted),
  (number) => post({ query: `{ ${repeated(() => `wrong${number}`, 100)} }` }, accepted),
  (number) =>
    post({ query: `{ a${number}: ${'x { '.repeat(20)} y ${'} '.repeat(20)} }` }, accepted),
  (number) => post({ query: `{ ${repeated((index) => `a${number}_${index}: __typename`, 30)} }` }),
  (number) => post({ query: `{ ${repeated((index) => `a${number}_${index}`, 1_100)} }` }, accepted),
  (number) => post({ query: `query Q${number} { ${list} } query R { ${list} }` }, accepted),
  (number) => post({ query: `subscription S${number} { a }` }, accepted),
  (number) =>
    post(
      {
        query: `query Q${number}($a: [ComplianceManagementPartnerFilter!]) { complianceManagementPartners(filter: { or: $a }) { totalCount } }`,
        variables: { a: Array.from({ length: 100 }, () => ({ displayName: number })) },
      },
      accepted,
    ),
  (number) => post({ query: padded(`{ ${list} }`, number), variables: { a: number } }, accepted),
  (number) => post({ query: dense(number) }, accepted),
  (number) => post({ documentId: `id-${number}` }, accepted),
  (number) => post({ extensions: { persistedQuery: { version: 1, sha256Hash: `${number}` } } }),
  (number) => post(`{"query":"{ __typename } # ${number}"`),
  (number) => post(`{"query":"a","query":"${number}"}`),
  (number) => post(`{"a":${'['.repeat(50)}${number}${']'.repeat(50)}}`),
  (number) => post(Buffer.from(`{"query":"\u00ff${number}"}`, 'latin1')),
  (number) => post({ query: `{ __typename } # ${number} ${'x'.repeat(20_000)}` }),
  (number) => post(`${number}${'x'.repeat(70_000)}`),
  (number) => post([{ query: `{ __typename } # ${number}` }]),
  (number) =>
    post({ query: '{ __typename }' }, { 'content-type': `application/json; a=${number}` }),
  (number) => post({ query: '{ __typename }' }, { 'content-type': `text/x-${number}` }),
  (number) => post({ query: '{ __typename }' }, { 'content-encoding': `x-${number}` }),
  (number) => ({
    method: 'GET',
    path: `/graphql?query=${encodeURIComponent(padded(`{ ${list} }`, number).slice(0, 8_000))}`,
    headers: { 'apollo-require-preflight': '1' },
  }),
  (number) => ({ method: 'GET', path: `/graphql?query={viewer{kind}}&a=${number}`, headers: {} }),
  (number) => ({ method: 'GET', path: `/nothing/${number}`, headers: forged(number) }),
];

/** The request with a number: all kinds in turns, and no two alike. */
export function hostileRequest(number: number): HostileRequest {
  const [first = () => post({})] = kinds;
  return (kinds[number % kinds.length] ?? first)(number);
}
