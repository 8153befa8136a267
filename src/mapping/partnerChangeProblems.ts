import type { UpdateComplianceManagementPartnerInput } from '../generated/graphql.ts';
import type { GraphApiVersion } from '../graph/types.ts';
import { findWritableProblems } from '../partners/inputRules.ts';
import { findIdProblems } from './idProblems.ts';
import type { InputProblem } from './inputProblem.ts';

/** Lists everything in an update that the scalars could not refuse and that must not reach Graph; all of it at once. */
export function findPartnerChangeProblems(
  input: UpdateComplianceManagementPartnerInput,
  version: GraphApiVersion,
): readonly InputProblem[] {
  return [...findIdProblems(input.id), ...findWritableProblems(input, version)];
}
