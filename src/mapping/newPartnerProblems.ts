import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
} from '../generated/graphql.ts';
import { type GraphApiVersion, knowsAssignmentFilters, platformsOf } from '../graph/apiVersion.ts';
import { isPartnerId, partnerIdForm } from '../graph/partnerId.ts';
import type { WirePlatform } from '../graph/resource.ts';
import type { InputProblem } from './inputProblem.ts';
import { knownPartnerStates } from './partnerState.ts';

const platforms: readonly WirePlatform[] = ['macOs', 'windows', 'android', 'ios', 'linux'];

/** Lists everything in an add that the scalars could not refuse and that must not reach Graph; all of it at once. */
export function findNewPartnerProblems(
  input: AddComplianceManagementPartnerInput,
  version: GraphApiVersion,
): readonly InputProblem[] {
  return [
    ...idProblems(input.id),
    ...stateProblems(input.partnerState),
    ...platforms.flatMap((platform) => platformProblems(input, platform, version)),
  ];
}

function idProblems(id: string | null | undefined): InputProblem[] {
  if (id == null || isPartnerId(id)) {
    return [];
  }
  return [{ path: ['input', 'id'], message: `An id is ${partnerIdForm}.` }];
}

function stateProblems(state: AddComplianceManagementPartnerInput['partnerState']): InputProblem[] {
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
  input: AddComplianceManagementPartnerInput,
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
    target ? targetProblems(target, ['input', assignments, String(index), 'target'], version) : [],
  );
  return [...unknown, ...inTargets];
}

function targetProblems(
  target: AssignmentTargetInput,
  path: readonly string[],
  version: GraphApiVersion,
): InputProblem[] {
  return Object.entries(target)
    .filter(([, value]) => value?.filter != null && !knowsAssignmentFilters(version))
    .map(([key]) => unknownPropertyProblem([...path, key, 'filter'], version));
}

function unknownPropertyProblem(path: readonly string[], version: GraphApiVersion): InputProblem {
  return {
    path,
    message:
      `Microsoft Graph ${version}, which this gateway is configured for, does not know ${path.at(-1)}. ` +
      'Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.',
  };
}
