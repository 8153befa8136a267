import type {
  AssignmentResource,
  AssignmentTargetResource,
  PartnerResource,
} from '../graph/types.ts';
import { type Model, partnerType, propertiesOf, typeOf } from './model.ts';

/** A row as JSON, annotation first. */
export type ProjectedPartner = Readonly<Record<string, unknown>>;

/**
 * Shows a stored row as one generation writes it: only the properties that it has, in its order, targets with `#`, and
 * the filter properties that today's beta writes on each target even where there is no filter.
 */
export function projectPartner(model: Model, row: PartnerResource): ProjectedPartner {
  const stored: Readonly<Record<string, unknown>> = { ...row };
  const projected: Record<string, unknown> = {
    '@odata.type': `#microsoft.graph.${partnerType}`,
  };
  for (const [name, { kind }] of Object.entries(propertiesOf(model, partnerType))) {
    const value = stored[name];
    // A property that a seed leaves out stays out, for readers that must bear it.
    if (value !== undefined) {
      projected[name] =
        kind === 'assignments' && Array.isArray(value)
          ? value.map((item: AssignmentResource | null) => projectAssignment(model, item))
          : value;
    }
  }
  return projected;
}

function projectAssignment(model: Model, assignment: AssignmentResource | null): object | null {
  if (assignment === null) {
    return null;
  }
  const odataType = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
  const { target } = assignment;
  if (target === undefined || target === null) {
    return target === null ? { ...odataType, target } : odataType;
  }
  return { ...odataType, target: projectTarget(model, target) };
}

function projectTarget(model: Model, target: AssignmentTargetResource): object {
  const name = (target['@odata.type'] ?? '').replace(/^#?microsoft\.graph\./, '');
  if (typeOf(model, name) === undefined) {
    // Graph may write types that came after the metadata; a seed with one plays that.
    return target;
  }
  const members = Object.entries(propertiesOf(model, name)).map(([member, { kind }]) => [
    member,
    target[member] ?? (kind === 'filterType' ? 'none' : null),
  ]);
  return { '@odata.type': `#microsoft.graph.${name}`, ...Object.fromEntries(members) };
}
