import type { ApolloClient } from '@apollo/client';
import {
  AddAssignmentDocument,
  type AddComplianceManagementPartnerInput,
  type AddEnrollmentAssignmentInput,
  AddPartnerDocument,
  type DeleteComplianceManagementPartnerInput,
  DeletePartnerDocument,
  PartnerDocument,
  type PartnerFragment,
  PartnerFragmentDoc,
  PartnerPageDocument,
  type PartnerPageQuery,
  type PartnerPageQueryVariables,
  PartnersByIdDocument,
  type ProblemFragment,
  RefetchDocument,
  RemoveAssignmentDocument,
  type RemoveEnrollmentAssignmentInput,
  type UpdateComplianceManagementPartnerInput,
  UpdatePartnerDocument,
  ViewerDocument,
  type ViewerQuery,
} from './gql/graphql.js';

/** What a change came to. Everything else, such as a failed network, is thrown; see `failureOf`. */
export type Outcome<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | {
      readonly kind: 'refused';
      /** What the user can fix, each with the path of its field. */
      readonly problems: readonly ProblemFragment[];
      /** For a `CONFLICT`: the partner as it is now. */
      readonly current: PartnerFragment | null;
    };

export interface AssignmentChange {
  readonly changed: boolean;
  readonly partner: PartnerFragment | null;
}

export type PartnerPage = NonNullable<PartnerPageQuery['complianceManagementPartners']>;

/** Every query and mutation of the gateway as a typed function. */
export function createPartnerApi(client: ApolloClient) {
  return {
    /** What the cache holds of a partner, without asking anybody; null where it is not there, or not complete. */
    known(id: string): PartnerFragment | null {
      return client.readFragment({
        fragment: PartnerFragmentDoc,
        fragmentName: 'Partner',
        from: { __typename: 'ComplianceManagementPartner', id },
      });
    },

    /** Who this client is, and what its token allows; nothing is asked of Microsoft Graph. */
    async viewer(): Promise<NonNullable<ViewerQuery['viewer']>> {
      const { data } = await client.query({ query: ViewerDocument, fetchPolicy: 'network-only' });
      return given(given(data).viewer);
    },

    /** Null where there is no partner with this id. */
    async find(id: string): Promise<PartnerFragment | null> {
      const { data } = await client.query({
        query: PartnerDocument,
        variables: { id },
        fetchPolicy: 'network-only',
      });
      return given(data).complianceManagementPartner;
    },

    /** The same by `Node`, as clients refetch that know an object by its id only. */
    async refetch(id: string): Promise<PartnerFragment | null> {
      const { data } = await client.query({
        query: RefetchDocument,
        variables: { id },
        fetchPolicy: 'network-only',
      });
      return given(data).node;
    },

    /** Several in one call, null in the place of an id without a partner. */
    async findAll(ids: readonly string[]): Promise<readonly (PartnerFragment | null)[]> {
      const { data } = await client.query({
        query: PartnersByIdDocument,
        variables: { ids: [...ids] },
        fetchPolicy: 'network-only',
      });
      return given(given(data).nodes);
    },

    /** All pages, each asked for when it is wanted. */
    async *pages(question: PartnerPageQueryVariables): AsyncGenerator<PartnerPage> {
      let after = question.after ?? null;
      for (;;) {
        const { data } = await client.query({
          query: PartnerPageDocument,
          variables: { ...question, after },
          // The cache would give all pages so far.
          fetchPolicy: 'no-cache',
        });
        const page = given(given(data).complianceManagementPartners);
        yield page;
        if (!page.pageInfo.hasNextPage) {
          return;
        }
        after = page.pageInfo.endCursor;
      }
    },

    async add(
      input: AddComplianceManagementPartnerInput,
    ): Promise<Outcome<PartnerFragment | null>> {
      const { data } = await client.mutate({ mutation: AddPartnerDocument, variables: { input } });
      const payload = given(given(data).addComplianceManagementPartner);
      return outcomeOf(payload, payload.complianceManagementPartner);
    },

    async update(
      input: UpdateComplianceManagementPartnerInput,
    ): Promise<Outcome<PartnerFragment | null>> {
      const { data } = await client.mutate({
        mutation: UpdatePartnerDocument,
        variables: { input },
      });
      const payload = given(given(data).updateComplianceManagementPartner);
      return outcomeOf(payload, payload.complianceManagementPartner);
    },

    async addAssignment(input: AddEnrollmentAssignmentInput): Promise<Outcome<AssignmentChange>> {
      const { data } = await client.mutate({
        mutation: AddAssignmentDocument,
        variables: { input },
      });
      const payload = given(given(data).addEnrollmentAssignment);
      const { changed, complianceManagementPartner: partner } = payload;
      return outcomeOf(payload, { changed, partner });
    },

    async removeAssignment(
      input: RemoveEnrollmentAssignmentInput,
    ): Promise<Outcome<AssignmentChange>> {
      const { data } = await client.mutate({
        mutation: RemoveAssignmentDocument,
        variables: { input },
      });
      const payload = given(given(data).removeEnrollmentAssignment);
      const { changed, complianceManagementPartner: partner } = payload;
      return outcomeOf(payload, { changed, partner });
    },

    /** Gives the id of the deleted partner, which leaves the cache too. */
    async delete(input: DeleteComplianceManagementPartnerInput): Promise<Outcome<string | null>> {
      const { data } = await client.mutate({
        mutation: DeletePartnerDocument,
        variables: { input },
        update(cache, result) {
          const payload = result.data?.deleteComplianceManagementPartner;
          const id = payload?.deletedComplianceManagementPartnerId;
          const place = id && cache.identify({ __typename: 'ComplianceManagementPartner', id });
          if (place) {
            cache.evict({ id: place });
            cache.gc();
          }
        },
      });
      const payload = given(given(data).deleteComplianceManagementPartner);
      return outcomeOf(payload, payload.deletedComplianceManagementPartnerId);
    },
  };
}

export type PartnerApi = ReturnType<typeof createPartnerApi>;

interface Payload {
  readonly userErrors: readonly ProblemFragment[];
  readonly complianceManagementPartner: PartnerFragment | null;
}

function outcomeOf<Value>(payload: Payload, value: Value): Outcome<Value> {
  return payload.userErrors.length === 0
    ? { kind: 'done', value }
    : {
        kind: 'refused',
        problems: payload.userErrors,
        current: payload.complianceManagementPartner,
      };
}

/**
 * With Apollo's error policy `none` an answer with errors is thrown. Without errors neither data nor the fields given
 * here are null, so this is for the compiler.
 */
function given<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) {
    throw new Error('an answer without data and without errors');
  }
  return value;
}
