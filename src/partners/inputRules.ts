import type {
  AddComplianceManagementPartnerInput,
  AddEnrollmentAssignmentInput,
  AssignmentTargetInput,
  RemoveEnrollmentAssignmentInput,
  UpdateComplianceManagementPartnerInput,
} from '../generated/graphql.ts';
import {
  type GraphApiVersion,
  isPartnerId,
  knowsAssignmentFilters,
  partnerIdForm,
  platformsOf,
  type WirePlatform,
} from '../graph/types.ts';
import { type InputProblem, knownPartnerStates, wirePlatformOf } from './model.ts';

/** The properties that an add and an update have in common. */
export type WritableInput = Omit<UpdateComplianceManagementPartnerInput, 'id' | 'ifRevision'>;

const platforms: readonly WirePlatform[] = ['macOs', 'windows', 'android', 'ios', 'linux'];

/** Lists everything in the properties that the scalars could not reject and that must not reach Graph. */
function findWritableProblems(
  input: WritableInput,
  version: GraphApiVersion,
): readonly InputProblem[] {
  return [
    ...nullProblems(input, ['displayName', 'partnerState', 'lastHeartbeatDateTime']),
    ...stateProblems(input.partnerState),
    ...platforms.flatMap((platform) => platformProblems(input, platform, version)),
  ];
}

/** Lists what is wrong with a target that stands at `path`. */
function findTargetProblems(
  target: AssignmentTargetInput,
  path: readonly string[],
  version: GraphApiVersion,
): InputProblem[] {
  return Object.entries(target)
    .filter(([, value]) => value?.filter != null && !knowsAssignmentFilters(version))
    .map(([key]) => unknownPropertyProblem([...path, key, 'filter'], version));
}

/** Graph takes no null for these; it would say so without the field's place in the input. */
function nullProblems(
  input: WritableInput,
  fields: readonly (keyof WritableInput)[],
): InputProblem[] {
  return fields
    .filter((field) => input[field] === null)
    .map((field) => ({
      path: ['input', field],
      message: `${field} cannot be null. Send a value, or omit the field to keep the current one.`,
    }));
}

function stateProblems(state: WritableInput['partnerState']): InputProblem[] {
  if (state !== 'UNKNOWN_FUTURE_VALUE') {
    return [];
  }
  return [
    {
      path: ['input', 'partnerState'],
      message: `UNKNOWN_FUTURE_VALUE only ever comes as an answer; send one of ${knownPartnerStates.join(', ')}.`,
    },
  ];
}

function platformProblems(
  input: WritableInput,
  platform: WirePlatform,
  version: GraphApiVersion,
): InputProblem[] {
  const onboarded = `${platform}Onboarded` as const;
  const assignments = `${platform}EnrollmentAssignments` as const;
  const isKnown = platformsOf(version).includes(platform);
  const unknown = ([onboarded, assignments] as const)
    .filter((property) => !isKnown && input[property] !== undefined)
    .map((property) => unknownPropertyProblem(['input', property], version));
  const inTargets = (input[assignments] ?? []).flatMap(({ target }, index) =>
    target
      ? findTargetProblems(target, ['input', assignments, String(index), 'target'], version)
      : [],
  );
  return [...unknown, ...(isKnown ? nullProblems(input, [onboarded]) : []), ...inTargets];
}

/** The problem of a property that the configured version cannot know. */
function unknownPropertyProblem(path: readonly string[], version: GraphApiVersion): InputProblem {
  return {
    path,
    message:
      `Microsoft Graph ${version}, as configured for this gateway, does not have ${path.at(-1)}. ` +
      'Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.',
  };
}

/** Lists everything in an add that the scalars could not reject and that must not reach Graph; all of it at once. */
export function findNewPartnerProblems(
  input: AddComplianceManagementPartnerInput,
  version: GraphApiVersion,
): readonly InputProblem[] {
  return [...findIdProblems(input.id), ...findWritableProblems(input, version)];
}

/** Lists everything in an update that the scalars could not reject and that must not reach Graph; all of it at once. */
export function findPartnerChangeProblems(
  input: UpdateComplianceManagementPartnerInput,
  version: GraphApiVersion,
): readonly InputProblem[] {
  return [...findIdProblems(input.id), ...findWritableProblems(input, version)];
}

/** Lists everything in a change of one assignment that must not reach Graph; all of it at once. */
export function findAssignmentChangeProblems(
  { id, platform, target }: AddEnrollmentAssignmentInput | RemoveEnrollmentAssignmentInput,
  version: GraphApiVersion,
): readonly InputProblem[] {
  return [
    ...findIdProblems(id),
    ...(platformsOf(version).includes(wirePlatformOf(platform))
      ? []
      : [
          {
            path: ['input', 'platform'],
            message: `Microsoft Graph ${version}, which this gateway is configured for, has no assignments for ${platform}.`,
          },
        ]),
    ...findTargetProblems(target, ['input', 'target'], version),
  ];
}

/** Says where an id of the input could change the meaning of a path; absent and null are no problem here. */
export function findIdProblems(id: string | null | undefined): readonly InputProblem[] {
  if (id == null || isPartnerId(id)) {
    return [];
  }
  return [{ path: ['input', 'id'], message: `An id is ${partnerIdForm}.` }];
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
