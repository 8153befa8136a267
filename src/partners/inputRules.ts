import type {
  AddComplianceManagementPartnerInput,
  AddEnrollmentAssignmentInput,
  AssignmentTargetInput,
  UpdateComplianceManagementPartnerInput,
  UserError,
  UserErrorCode,
} from '../generated/graphql.ts';
import { type GraphErrorCode, isGraphError } from '../graph/errors.ts';
import { isPartnerId, partnerIdForm } from '../graph/request.ts';
import type { GraphApiVersion } from '../graph/types.ts';
import type { RequestContext } from './context.ts';
import { toGatewayError } from './errors.ts';
import {
  knownPartnerStates,
  knowsAssignmentFilters,
  type PartnerModel,
  type Payload,
  platformsOf,
  wireByPlatform,
  wirePlatforms,
} from './model.ts';

/** Something in an input that the caller can fix, found before anything is sent. `path` has no `input` in front. */
function problem(path: readonly string[], message: string): UserError {
  return { code: 'BAD_USER_INPUT', message, field: ['input', ...path] };
}

/** Lists everything in an add or an update that the scalars could not reject and that must not reach Graph. */
export function findPartnerProblems(
  input: AddComplianceManagementPartnerInput | UpdateComplianceManagementPartnerInput,
  version: GraphApiVersion,
): UserError[] {
  const known = platformsOf(version);
  return [
    ...findIdProblems(input),
    ...nullProblems(input, ['displayName', 'partnerState', 'lastHeartbeatDateTime']),
    ...(input.partnerState === 'UNKNOWN_FUTURE_VALUE' ? [futureState] : []),
    ...wirePlatforms.flatMap((platform) => {
      const onboarded = `${platform}Onboarded` as const;
      const assignments = `${platform}EnrollmentAssignments` as const;
      return [
        ...(known.includes(platform)
          ? nullProblems(input, [onboarded])
          : ([onboarded, assignments] as const)
              .filter((property) => input[property] !== undefined)
              .map((property) => unknownPropertyProblem([property], version))),
        ...(input[assignments] ?? []).flatMap(({ target }, index) =>
          findTargetProblems(target, [assignments, String(index), 'target'], version),
        ),
      ];
    }),
  ];
}

/** Lists what is wrong with a target that stands at `path`. */
function findTargetProblems(
  target: AssignmentTargetInput | null | undefined,
  path: readonly string[],
  version: GraphApiVersion,
): UserError[] {
  return Object.entries(target ?? {})
    .filter(([, value]) => value?.filter != null && !knowsAssignmentFilters(version))
    .map(([key]) => unknownPropertyProblem([...path, key, 'filter'], version));
}

/** Graph takes no null for these; it would say so without the field's place in the input. */
function nullProblems<Name extends string>(
  input: { readonly [N in Name]?: unknown },
  fields: readonly Name[],
): UserError[] {
  return fields
    .filter((field) => input[field] === null)
    .map((field) =>
      problem(
        [field],
        `${field} cannot be null. Send a value, or omit the field to keep the current one.`,
      ),
    );
}

const futureState = problem(
  ['partnerState'],
  `UNKNOWN_FUTURE_VALUE only ever comes as an answer; send one of ${knownPartnerStates.join(', ')}.`,
);

/** The problem of a property that the configured version cannot know. */
function unknownPropertyProblem(path: readonly string[], version: GraphApiVersion): UserError {
  return problem(
    path,
    `Microsoft Graph ${version}, as configured for this gateway, does not have ${path.at(-1)}. ` +
      'Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.',
  );
}

/** Lists everything in a change of one assignment that must not reach Graph. */
export function findAssignmentChangeProblems(
  input: AddEnrollmentAssignmentInput,
  version: GraphApiVersion,
): UserError[] {
  const { platform, target } = input;
  const message = `Microsoft Graph ${version}, which this gateway is configured for, has no assignments for ${platform}.`;
  const isKnown = platformsOf(version).includes(wireByPlatform[platform]);
  return [
    ...findIdProblems(input),
    ...(isKnown ? [] : [problem(['platform'], message)]),
    ...findTargetProblems(target, ['target'], version),
  ];
}

/** Says that an id of the input could change the meaning of a path; absent and null are no problem here. */
export function findIdProblems({ id }: { readonly id?: string | null | undefined }): UserError[] {
  return id == null || isPartnerId(id) ? [] : [problem(['id'], `An id is ${partnerIdForm}.`)];
}

const longestKey = 128;

/** Says what is wrong with a key; absent and null are no problem. Characters are code points, taken as they are. */
export function findKeyProblems(key: string | null | undefined): UserError[] {
  // A code point is one or two units, so that a long text need not be split.
  const isTooLong = (text: string): boolean =>
    text.length > 2 * longestKey || [...text].length > longestKey;
  if (key == null || (key !== '' && !isTooLong(key))) {
    return [];
  }
  const message = `An idempotencyKey has 1 to ${longestKey} characters. Send a new UUID for each change.`;
  return [problem(['idempotencyKey'], message)];
}

/** Gives the payload of a mutation; `changed` and the deleted id are as if nothing was written. */
export function payloadOf(userErrors: UserError[], partner: PartnerModel | null = null): Payload {
  return {
    complianceManagementPartner: partner,
    deletedComplianceManagementPartnerId: null,
    changed: false,
    userErrors,
  };
}

export const partnerNotFound: UserError = {
  code: 'NOT_FOUND',
  message: 'Microsoft Graph has no partner with this id.',
  field: ['input', 'id'],
};

/** What of Graph's refusals the user can fix. */
const userErrorCodes: Readonly<Partial<Record<GraphErrorCode, UserErrorCode>>> = {
  invalidRequest: 'BAD_USER_INPUT',
  notFound: 'NOT_FOUND',
  conflict: 'CONFLICT',
};

interface RefusedChange {
  /** The body, in whose fields Graph's words are found. */
  readonly sent?: object | undefined;
  readonly field?: string[] | null | undefined;
  /** Of the partner that it collided with, if it is known. */
  readonly id: string | null | undefined;
  readonly context: Pick<RequestContext, 'graph' | 'call'>;
}

/**
 * Gives the payload of a mutation that Graph itself rejected. If Graph's words name no field of `sent`, `field` does.
 * After a conflict it has the partner with the id, read once; none if that read fails, which is logged: the conflict is
 * what the user has to know.
 * @throws GatewayError for a failure that the caller cannot fix.
 */
export async function refusedByGraph(
  error: unknown,
  { sent = {}, field = null, id, context: { graph, call } }: RefusedChange,
): Promise<Payload> {
  const code = isGraphError(error) && !error.mayHaveBeenApplied && userErrorCodes[error.code];
  if (!isGraphError(error) || !code) {
    throw toGatewayError(error);
  }
  if (code === 'NOT_FOUND') {
    return payloadOf([partnerNotFound]);
  }
  const located = locateInput(sent, error.details.quotedNames ?? []);
  const other =
    code === 'CONFLICT' && id != null
      ? await graph.get(id, call).catch(() => undefined)
      : undefined;
  return payloadOf([{ code, message: error.message, field: located ?? field }], other);
}

/**
 * Finds the input field that a refusal of Graph is about, by the names that its message puts in quotation marks.
 *
 * The wire body has the input's names and list positions down to the targets, so a name or a value that is found
 * there gives the path; inside a target, whose wire form differs, it ends at the target. Undefined if no name is
 * found, or if the first that is found stands in several places.
 */
function locateInput(body: object, quotedNames: readonly string[]): string[] | undefined {
  for (const name of quotedNames) {
    const paths = new Map(findPaths(body, name, ['input']).map((path) => [path.join('/'), path]));
    if (paths.size > 0) {
      return paths.size === 1 ? [...paths.values()][0] : undefined;
    }
  }
  return undefined;
}

function findPaths(node: unknown, name: string, path: string[]): string[][] {
  if (typeof node !== 'object' || node === null) {
    return [];
  }
  const isTarget = path.at(-1) === 'target';
  return Object.entries(node).flatMap(([key, value]) => {
    const here = isTarget ? path : [...path, key];
    const isMatch = key === name || value === name;
    return isMatch ? [here] : findPaths(value, name, here);
  });
}
