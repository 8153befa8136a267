import type {
  AddComplianceManagementPartnerInput,
  AddEnrollmentAssignmentInput,
  AssignmentTargetInput,
  UpdateComplianceManagementPartnerInput,
} from '../generated/graphql.ts';
import { isPartnerId, partnerIdForm } from '../graph/request.ts';
import type { GraphApiVersion } from '../graph/types.ts';
import {
  knownPartnerStates,
  knowsAssignmentFilters,
  platformsOf,
  wireByPlatform,
  wirePlatforms,
} from './model.ts';

/** Something in an input that the caller can fix, found before anything is sent. */
interface InputProblem {
  /** The path of the input field, beginning with `input`; list positions as decimal text. */
  readonly path: readonly string[];
  /** What is wrong and what would be right. */
  readonly message: string;
}

/** Lists everything in an add or an update that the scalars could not reject and that must not reach Graph. */
export function findPartnerProblems(
  input: AddComplianceManagementPartnerInput | UpdateComplianceManagementPartnerInput,
  version: GraphApiVersion,
): readonly InputProblem[] {
  return [
    ...findIdProblems(input.id),
    ...nullProblems(input, ['displayName', 'partnerState', 'lastHeartbeatDateTime']),
    ...(input.partnerState === 'UNKNOWN_FUTURE_VALUE' ? [futureState] : []),
    ...wirePlatforms.flatMap((platform) => {
      const onboarded = `${platform}Onboarded` as const;
      const assignments = `${platform}EnrollmentAssignments` as const;
      const isKnown = platformsOf(version).includes(platform);
      return [
        ...(isKnown
          ? nullProblems(input, [onboarded])
          : [onboarded, assignments]
              .filter((property) => input[property as typeof onboarded] !== undefined)
              .map((property) => unknownPropertyProblem(['input', property], version))),
        ...(input[assignments] ?? []).flatMap(({ target }, index) =>
          findTargetProblems(target, ['input', assignments, String(index), 'target'], version),
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
): InputProblem[] {
  return Object.entries(target ?? {})
    .filter(([, value]) => value?.filter != null && !knowsAssignmentFilters(version))
    .map(([key]) => unknownPropertyProblem([...path, key, 'filter'], version));
}

/** Graph takes no null for these; it would say so without the field's place in the input. */
function nullProblems<Name extends string>(
  input: { readonly [N in Name]?: unknown },
  fields: readonly Name[],
): InputProblem[] {
  return fields
    .filter((field) => input[field] === null)
    .map((field) => ({
      path: ['input', field],
      message: `${field} cannot be null. Send a value, or omit the field to keep the current one.`,
    }));
}

const futureState: InputProblem = {
  path: ['input', 'partnerState'],
  message: `UNKNOWN_FUTURE_VALUE only ever comes as an answer; send one of ${knownPartnerStates.join(', ')}.`,
};

/** The problem of a property that the configured version cannot know. */
function unknownPropertyProblem(path: readonly string[], version: GraphApiVersion): InputProblem {
  return {
    path,
    message:
      `Microsoft Graph ${version}, as configured for this gateway, does not have ${path.at(-1)}. ` +
      'Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.',
  };
}

/** Lists everything in a change of one assignment that must not reach Graph. */
export function findAssignmentChangeProblems(
  { id, platform, target }: Pick<AddEnrollmentAssignmentInput, 'id' | 'platform' | 'target'>,
  version: GraphApiVersion,
): readonly InputProblem[] {
  const message = `Microsoft Graph ${version}, which this gateway is configured for, has no assignments for ${platform}.`;
  const isKnown = platformsOf(version).includes(wireByPlatform[platform]);
  return [
    ...findIdProblems(id),
    ...(isKnown ? [] : [{ path: ['input', 'platform'], message }]),
    ...findTargetProblems(target, ['input', 'target'], version),
  ];
}

/** Says that an id of the input could change the meaning of a path; absent and null are no problem here. */
export function findIdProblems(id: string | null | undefined): readonly InputProblem[] {
  return id == null || isPartnerId(id)
    ? []
    : [{ path: ['input', 'id'], message: `An id is ${partnerIdForm}.` }];
}

const longestKey = 128;

/** Says what is wrong with a key; absent and null are no problem. Characters are code points, taken as they are. */
export function findKeyProblems(key: string | null | undefined): readonly InputProblem[] {
  // A code point is one or two units, so that a long text need not be split.
  const isTooLong = (text: string): boolean =>
    text.length > 2 * longestKey || [...text].length > longestKey;
  if (key == null || (key !== '' && !isTooLong(key))) {
    return [];
  }
  const message = `An idempotencyKey has 1 to ${longestKey} characters. Send a new UUID for each change.`;
  return [{ path: ['input', 'idempotencyKey'], message }];
}

/**
 * Finds the input field that a refusal of Graph is about, by the names that its message puts in quotation marks.
 *
 * The wire body has the input's names and list positions down to the targets, so a name or a value that is found
 * there gives the path; inside a target, whose wire form differs, it ends at the target. Undefined if no name is
 * found, or where the first that is found stands in several places.
 */
export function locateInput(
  body: object,
  quotedNames: readonly string[],
): readonly string[] | undefined {
  for (const name of quotedNames) {
    const paths = new Map(findPaths(body, name, ['input']).map((path) => [path.join('/'), path]));
    if (paths.size > 0) {
      return paths.size === 1 ? [...paths.values()][0] : undefined;
    }
  }
  return undefined;
}

function findPaths(node: unknown, name: string, path: readonly string[]): (readonly string[])[] {
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
