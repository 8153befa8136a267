import type { AddComplianceManagementPartnerInput } from '../generated/graphql.ts';
import type { GraphApiVersion } from '../graph/types.ts';
import { findWritableProblems } from '../partners/inputRules.ts';
import { findIdProblems } from './idProblems.ts';
import type { InputProblem } from './inputProblem.ts';

/** Lists everything in an add that the scalars could not refuse and that must not reach Graph; all of it at once. */
export function findNewPartnerProblems(
  input: AddComplianceManagementPartnerInput,
  version: GraphApiVersion,
): readonly InputProblem[] {
  return [...findIdProblems(input.id), ...findWritableProblems(input, version)];
}
