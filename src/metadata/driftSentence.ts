import type { CsdlProperty } from './csdl.ts';
import type { Drift } from './drift.ts';
import { typeNames } from './knownProperties.ts';

/** Says what differs, and what that means for the gateway's users. */
export function driftSentence(drift: Drift): string {
  switch (drift.kind) {
    case 'resourceMissing':
      return 'There is no deviceManagement/complianceManagementPartners, as in some national clouds; the gateway is of no use there.';
    case 'propertyAppeared':
      return `${short(drift.type)} has a property that the gateway does not expect: ${describe(drift.name, drift.property)}.`;
    case 'propertyVanished':
      return `${short(drift.type)} has no ${drift.name} any more; the gateway offers it still, it reads null, and Graph refuses a write that has it.`;
    case 'typeChanged':
      return `${drift.name} of ${short(drift.type)} is ${short(drift.found)}; the gateway takes it for ${short(drift.known)}.`;
    case 'nullabilityChanged':
      return drift.isNullable
        ? `${drift.name} of ${short(drift.type)} may be null now.`
        : `${drift.name} of ${short(drift.type)} may not be null any more; Graph refuses a write that clears it.`;
    case 'enumVanished':
      return `The enum ${short(drift.type)} is gone.`;
    case 'memberAppeared':
      return `${short(drift.type)} has a new member, ${drift.member}; the gateway reads ${drift.type === typeNames.partnerState ? 'it as UNKNOWN_FUTURE_VALUE' : 'a target that has it as UnrecognizedAssignmentTarget'} and cannot send it.`;
    case 'memberVanished':
      return `${short(drift.type)} has no ${drift.member} any more; Graph refuses a write that has it.`;
    case 'targetAppeared':
      return `There is a new target, ${short(drift.type)}, ${describeAll(drift.properties)}; the gateway reads it as UnrecognizedAssignmentTarget and cannot send it.`;
    case 'operationAppeared':
      return `${short(drift.type)} has a new operation, ${drift.name}; the gateway does not offer it.`;
    case 'typeOpened':
      return `${short(drift.type)} is an open type now: it may have properties that no metadata declares; the gateway does not show them.`;
    case 'deprecated':
      return `${short(drift.subject)} is deprecated; Graph removes it on ${drift.removalDate}.`;
    case 'targetVanished':
      return `${short(drift.type)} is no target any more; Graph refuses a write that has it.`;
  }
}

function describeAll(properties: ReadonlyMap<string, CsdlProperty>): string {
  const texts = [...properties].map(([name, property]) => describe(name, property));
  return texts.length === 0 ? 'without properties of its own' : `with ${texts.join(' and ')}`;
}

function describe(name: string, { type, isNullable }: CsdlProperty): string {
  return `${name} (${short(type)}, ${isNullable ? 'nullable' : 'never null'})`;
}

/** The namespace that all of this is in says nothing; others are kept. */
function short(type: string): string {
  return type.replace(/^(Collection\()?microsoft\.graph\.(?=[^.]*$)/, '$1');
}
