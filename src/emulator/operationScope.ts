import type { ErrorStamp } from './errorEnvelopes.ts';
import type { Model } from './model.ts';
import type { PartnerStore } from './store.ts';

/** What an operation works with. */
export interface OperationScope {
  readonly store: PartnerStore;
  readonly model: Model;
  readonly stamp: ErrorStamp;
  /** Scheme, host and version, without a slash at the end. */
  readonly baseUrl: string;
  readonly newId: () => string;
}

/** The path of the collection behind the version. */
export const collectionPath = '/deviceManagement/complianceManagementPartners';

/** The annotation that every body begins with; `select` is what the query narrowed the properties to. */
export function contextOf(
  { baseUrl }: OperationScope,
  select: readonly string[] | undefined,
  suffix: '' | '/$entity' = '',
): string {
  const narrowed = select === undefined ? '' : `(${select.join(',')})`;
  return `${baseUrl}/$metadata#${collectionPath.slice(1)}${narrowed}${suffix}`;
}
