import type {
  AddEnrollmentAssignmentInput,
  RemoveEnrollmentAssignmentInput,
} from '../generated/graphql.ts';
import { type GraphApiVersion, platformsOf } from '../graph/types.ts';
import { findTargetProblems } from '../partners/inputRules.ts';
import { findIdProblems } from './idProblems.ts';
import type { InputProblem } from './inputProblem.ts';
import { wirePlatformOf } from './platform.ts';

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
