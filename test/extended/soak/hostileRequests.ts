import { getIntrospectionQuery } from 'graphql';

/** A request that is rejected, or that has an invalid token. */
interface HostileRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const list = 'complianceManagementPartners { totalCount }';

const post = (value: object | string, headers = {}): HostileRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value),
});
const ask = (query: string, headers = {}) => post({ query }, headers);
const get = (path: string, headers = {}): HostileRequest => ({ method: 'GET', path, headers });
const accepted = { authorization: 'Bearer accepted-token' };
const forged = (number: number) => ({ authorization: `Bearer forged-${number}` });
/** 16 KB of comment: much text and few tokens. */
const padded = (query: string, number: number): string =>
  `${query} # ${number} ${'x'.repeat(16_000 - query.length)}`;
/** As many tokens as pass: little text and much memory. */
const dense = (number: number): string =>
  `query Q${number} { complianceManagementPartners { totalCount nodes { ${'id '.repeat(300)} } } }`;
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_value, index) => text(index)).join(' ');
const inUrl = encodeURIComponent(`{ ${list} }`);
const rows = Array.from({ length: 100 }, (_row, displayName) => ({ displayName }));
const inFilter = `($a: [ComplianceManagementPartnerFilter!]) { complianceManagementPartners(filter: { or: $a }) { totalCount } }`;

/** Every kind of rejection, each with a document, an id or a header of its own number. */
const kinds: readonly ((number: number) => HostileRequest)[] = [
  (number) => ask(padded(`{ ${list} }`, number)),
  (number) => ask(dense(number)),
  (number) => post({ query: getIntrospectionQuery(), operationName: `Q${number}` }),
  (number) => ask(padded('{ __schema { description } }', number)),
  (number) => ask(padded(`{ ${list} }`, number), forged(number)),
  (number) => ask(padded('{ viewer { authMode } }', number), forged(number)),
  (number) => ask(dense(number), forged(number)),
  (number) => ask(padded(`{ ${list} }`, number), { authorization: `Basic ${number}` }),
  (number) => ask(padded('{ not GraphQL', number)),
  (number) => ask(padded(`{ unknown${number} }`, number), accepted),
  (number) => ask(`{ ${times(100, () => `wrong${number}`)} }`, accepted),
  (number) => ask(`{ a${number}: ${'x { '.repeat(20)} y ${'} '.repeat(20)} }`, accepted),
  (number) => ask(`{ ${times(30, (index) => `a${number}_${index}: __typename`)} }`),
  (number) => ask(`{ ${times(1_100, (index) => `a${number}_${index}`)} }`, accepted),
  (number) => ask(`query Q${number} { ${list} } query R { ${list} }`, accepted),
  (number) => ask(`subscription S${number} { a }`, accepted),
  (number) => post({ query: `query Q${number}${inFilter}`, variables: { a: rows } }, accepted),
  (number) => post({ query: padded(`{ ${list} }`, number), variables: { a: number } }, accepted),
  (number) => ask(dense(number), accepted),
  (number) => post({ documentId: `id-${number}` }, accepted),
  (number) => post({ extensions: { persistedQuery: { version: 1, sha256Hash: `${number}` } } }),
  (number) => post(`{"query":"{ __typename } # ${number}"`),
  (number) => post(`{"query":"a","query":"${number}"}`),
  (number) => post(`{"a":${'['.repeat(50)}${number}${']'.repeat(50)}}`),
  (number) => post(Buffer.from(`{"query":"\u00ff${number}"}`, 'latin1')),
  (number) => ask(`{ __typename } # ${number} ${'x'.repeat(20_000)}`),
  (number) => post(`${number}${'x'.repeat(70_000)}`),
  (number) => post([{ query: `{ __typename } # ${number}` }]),
  (number) => ask('{ __typename }', { 'content-type': `application/json; a=${number}` }),
  (number) => ask('{ __typename }', { 'content-type': `text/x-${number}` }),
  (number) => ask('{ __typename }', { 'content-encoding': `x-${number}` }),
  (number) => get(`/graphql?query=${inUrl}&a=${number}`, { 'apollo-require-preflight': '1' }),
  (number) => get(`/graphql?query={viewer{kind}}&a=${number}`),
  (number) => get(`/nothing/${number}`, forged(number)),
];

/** The request with a number: all kinds in turns, and no two alike. */
export const hostileRequest = (number: number): HostileRequest =>
  (kinds[number % kinds.length] ?? ask)(number as never);
