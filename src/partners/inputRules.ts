import type {
  AssignmentTargetInput,
  UpdateComplianceManagementPartnerInput,
} from '../generated/graphql.ts';
import {
  type GraphApiVersion,
  knowsAssignmentFilters,
  platformsOf,
  type WirePlatform,
} from '../graph/types.ts';
import type { InputProblem } from '../mapping/inputProblem.ts';
import { knownPartnerStates } from '../mapping/partnerState.ts';

/** The properties that an add and an update have in common. */
export type WritableInput = Omit<UpdateComplianceManagementPartnerInput, 'id' | 'ifRevision'>;

const platforms: readonly WirePlatform[] = ['macOs', 'windows', 'android', 'ios', 'linux'];

/** Lists everything in the properties that the scalars could not refuse and that must not reach Graph. */
export function findWritableProblems(
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
export function findTargetProblems(
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
      message: `${field} cannot be null. Send a value, or leave the field out to keep what is there.`,
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
export function unknownPropertyProblem(
  path: readonly string[],
  version: GraphApiVersion,
): InputProblem {
  return {
    path,
    message:
      `Microsoft Graph ${version}, which this gateway is configured for, does not know ${path.at(-1)}. ` +
      'Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.',
  };
}
