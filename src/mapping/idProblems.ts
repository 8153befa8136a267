import { isPartnerId, partnerIdForm } from '../graph/types.ts';
import type { InputProblem } from './inputProblem.ts';

/** Says where an id of the input could change the meaning of a path; absent and null are no problem here. */
export function findIdProblems(id: string | null | undefined): readonly InputProblem[] {
  if (id == null || isPartnerId(id)) {
    return [];
  }
  return [{ path: ['input', 'id'], message: `An id is ${partnerIdForm}.` }];
}
