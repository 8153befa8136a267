import type { QueryComplianceManagementPartnersArgs } from '../generated/graphql.ts';
import { type PartnerPlace, parseCursor } from '../mapping/cursor.ts';
import { GatewayError } from './gatewayError.ts';

const defaultRows = 100;
const maximumRows = 1000;

/** How much of the list was asked for. */
export interface PageArguments {
  readonly first: number;
  readonly after: PartnerPlace | undefined;
}

/** Checks the arguments of the list. @throws GatewayError that names the argument and what would be right. */
export function readPageArguments(args: QueryComplianceManagementPartnersArgs): PageArguments {
  const first = args.first ?? defaultRows;
  if (first < 1 || first > maximumRows) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `The argument "first" is ${first}; it must be from 1 to ${maximumRows}.`,
      { argumentName: 'first' },
    );
  }
  const after = args.after == null ? undefined : parseCursor(args.after);
  if (args.after != null && after === undefined) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      'The argument "after" is no cursor of this list; take an endCursor or an edge\'s cursor of an earlier answer.',
      { argumentName: 'after' },
    );
  }
  return { first, after };
}
