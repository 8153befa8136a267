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
const plainUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

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
  const problems: InputProblem[] = [];
  const { group, exclusionGroup, ...others } = target;
  for (const [key, value] of Object.entries({ group, exclusionGroup })) {
    if (value && !plainUuid.test(value.groupId)) {
      problems.push(uuidProblem([...path, key, 'groupId']));
    }
  }
  for (const [key, value] of Object.entries({ group, exclusionGroup, ...others })) {
    const filter = value?.filter;
    if (filter && !plainUuid.test(filter.id)) {
      problems.push(uuidProblem([...path, key, 'filter', 'id']));
    }
    if (filter && !knowsAssignmentFilters(version)) {
      problems.push(unknownPropertyProblem([...path, key, 'filter'], version));
    }
  }
  return problems;
}

/** The UUID scalar also lets the form with braces through, which Graph would take for text. */
function uuidProblem(path: readonly string[]): InputProblem {
  return {
    path,
    message: 'Write the UUID without braces: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.',
  };
}

function unknownPropertyProblem(path: readonly string[], version: GraphApiVersion): InputProblem {
  return {
    path,
    message:
      `Microsoft Graph ${version}, which this gateway is configured for, does not know ${path.at(-1)}. ` +
      'Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.',
  };
}
