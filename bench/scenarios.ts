import {
  addOperation,
  listOfNames,
  listOfPlatforms,
  listOperation,
  longListOperation,
  partner,
  partnerOperation,
  partnerWithPlatforms,
} from './bodies.ts';

/** The same work as a GraphQL operation and as a call of Graph through the bare proxy. */
export interface Scenario {
  readonly name: string;
  /** What Graph's list has. */
  readonly rows: number;
  /** Requests of one measurement, of the GraphQL servers and of the proxy. */
  readonly requests: number;
  readonly operation: string;
  readonly call: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly body: string | null;
  };
  /** How often the answer has a partner's time in it. */
  readonly partners: number;
  /** The name of the scenario that asks for the same as flat fields: the two are measured in turns. */
  readonly flat?: string;
  /** Graph's list has groups and filters, whose names only the gateway reads. */
  readonly hasNames?: boolean;
}

const path = '/beta/deviceManagement/complianceManagementPartners';

export const scenarios: readonly Scenario[] = [
  {
    name: 'add',
    rows: 100,
    requests: 4_000,
    operation: addOperation,
    call: { method: 'POST', path, body: JSON.stringify(partner) },
    partners: 1,
  },
  {
    name: 'by-id',
    rows: 100,
    requests: 4_000,
    operation: partnerOperation,
    call: { method: 'GET', path: `${path}/${partner.id}`, body: null },
    partners: 1,
  },
  {
    name: 'list-100',
    rows: 100,
    requests: 600,
    operation: listOperation,
    call: { method: 'GET', path, body: null },
    partners: 100,
  },
  {
    name: 'list-1000',
    rows: 1_000,
    requests: 100,
    operation: longListOperation,
    call: { method: 'GET', path, body: null },
    partners: 1_000,
  },
  {
    name: 'by-id-platforms',
    rows: 100,
    requests: 4_000,
    operation: partnerWithPlatforms,
    call: { method: 'GET', path: `${path}/${partner.id}`, body: null },
    partners: 1,
    flat: 'by-id',
  },
  {
    name: 'list-100-platforms',
    rows: 100,
    requests: 600,
    operation: listOfPlatforms,
    call: { method: 'GET', path, body: null },
    partners: 100,
    flat: 'list-100',
  },
  {
    name: 'list-100-names',
    rows: 100,
    requests: 600,
    operation: listOfNames,
    call: { method: 'GET', path, body: null },
    partners: 100,
    flat: 'list-100',
    hasNames: true,
  },
];
