import { rawItems, rawMembers } from './rawJson.ts';
import type { AssignmentResource, PartnerResource, WirePlatform } from './types.ts';

/** One entry of an assignment list, parsed and as Graph wrote it. */
export interface AssignmentSource {
  readonly assignment: AssignmentResource | null;
  /** JSON, byte for byte as it came. */
  readonly text: string;
}

/** A partner together with the text of its assignments. */
export interface PartnerSource {
  readonly partner: PartnerResource;
  /** The entries of a platform's list; empty where the list is missing or null. */
  assignments(platform: WirePlatform): readonly AssignmentSource[];
}

/** Ties a partner to the body that it was read from, with or without the wrapper `{"value": {…}}`. */
export function partnerSourceOf(partner: PartnerResource, body: string): PartnerSource {
  return {
    partner,
    assignments(platform) {
      const property = `${platform}EnrollmentAssignments` as const;
      const outer = rawMembers(body);
      const members = outer?.has('id') ? outer : rawMembers(outer?.get('value') ?? '');
      const texts = rawItems(members?.get(property) ?? '') ?? [];
      return (partner[property] ?? []).map((assignment, index) => ({
        assignment,
        text: texts[index] ?? JSON.stringify(assignment),
      }));
    },
  };
}
