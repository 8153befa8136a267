import { type KnownModel, typeNames } from './knownModel.ts';
import {
  type Csdl,
  type CsdlProperty,
  derivesFrom,
  type Properties,
  propertiesOf,
} from './readCsdl.ts';

const rejectsIt = 'Graph rejects a write that has it';
const readsTarget = 'as UnrecognizedAssignmentTarget and cannot send it';

/**
 * Describes all differences that can be seen on the wire, and what each means for the gateway's users. Properties count
 * wherever in the line of bases they are declared. If the collection itself is missing, that is the only difference.
 */
export function findDrift(known: KnownModel, csdl: Csdl): readonly string[] {
  const root = csdl.singletons.get('deviceManagement') ?? '';
  const partners = propertiesOf(csdl, root).get('complianceManagementPartners');
  if (partners === undefined || !csdl.types.has(typeNames.partner)) {
    return [
      'There is no deviceManagement/complianceManagementPartners, as in some national clouds; the gateway cannot be used there.',
    ];
  }
  const ownTypes = [
    typeNames.partner,
    typeNames.assignment,
    typeNames.target,
    ...known.targets.keys(),
  ];
  const isOwn = (subject: string): boolean =>
    subject.endsWith('/complianceManagementPartners') ||
    [...ownTypes, ...known.enums.keys()].includes(subject.split('/')[0] ?? '');
  return [
    ...typeDrift(
      typeNames.deviceManagement,
      'complianceManagementPartners',
      `Collection(${typeNames.partner})`,
      partners.type,
    ),
    ...propertyDrift(typeNames.partner, known.partner, propertiesOf(csdl, typeNames.partner)),
    ...propertyDrift(
      typeNames.assignment,
      known.assignment,
      propertiesOf(csdl, typeNames.assignment),
    ),
    ...targetDrift(known, csdl),
    ...[...known.enums].flatMap(([type, members]) =>
      enumDrift(type, members, csdl.enums.get(type)),
    ),
    ...csdl.boundOperations
      .filter(({ type }) => type === typeNames.partner)
      .map(
        ({ name }) => `The partner has a new operation, ${name}; the gateway does not offer it.`,
      ),
    ...ownTypes
      .filter((type) => csdl.types.get(type)?.isOpen === true)
      .map(
        (type) =>
          `${short(type)} is an open type now: it may have properties that no metadata declares; the gateway does not show them.`,
      ),
    ...csdl.deprecations
      .filter(({ subject }) => isOwn(subject))
      .map(
        ({ subject, removalDate }) =>
          `${short(subject)} is deprecated; Graph removes it on ${removalDate}.`,
      ),
  ];
}

function typeDrift(type: string, name: string, known: string, found: string): string[] {
  return known === found
    ? []
    : [`${name} of ${short(type)} is ${short(found)}; the gateway expects ${short(known)}.`];
}

function propertyDrift(type: string, known: Properties, found: Properties): string[] {
  const owner = short(type);
  const ofKnown = [...known].flatMap(([name, property]) => {
    const now = found.get(name);
    if (now === undefined) {
      return [
        `${owner} has no ${name} any more; the gateway still offers it, it reads null, and ${rejectsIt}.`,
      ];
    }
    const nullability = now.isNullable
      ? `${name} of ${owner} may be null now.`
      : `${name} of ${owner} may not be null any more; Graph rejects a write that clears it.`;
    return [
      ...typeDrift(type, name, property.type, now.type),
      ...(now.isNullable === property.isNullable ? [] : [nullability]),
    ];
  });
  const appeared = [...found]
    .filter(([name]) => !known.has(name))
    .map((one) => `${owner} has a property that the gateway does not expect: ${describe(one)}.`);
  return [...ofKnown, ...appeared];
}

/** A change of all targets is reported once, at their common base. */
function targetDrift(known: KnownModel, csdl: Csdl): string[] {
  const common = propertiesOf(csdl, typeNames.target);
  const ownOf = (type: string): Properties =>
    new Map(
      [...propertiesOf(csdl, type)].filter(
        ([name]) => !common.has(name) && !known.anyTarget.has(name),
      ),
    );
  // An abstract type cannot be on the wire.
  const targets = [...csdl.types]
    .filter(([type, { isAbstract }]) => !isAbstract && derivesFrom(csdl, type, typeNames.target))
    .map(([type]) => type);
  const ofKnown = [...known.targets].flatMap(([type, properties]) =>
    targets.includes(type)
      ? propertyDrift(type, properties, ownOf(type))
      : [`${short(type)} is no target any more; ${rejectsIt}.`],
  );
  const appeared = targets
    .filter((type) => !known.targets.has(type))
    .map((type) => {
      const properties = [...ownOf(type)].map(describe).join(' and ');
      const owned = properties === '' ? 'without properties of its own' : `with ${properties}`;
      return `There is a new target, ${short(type)}, ${owned}; the gateway reads it ${readsTarget}.`;
    });
  return [...propertyDrift(typeNames.target, known.anyTarget, common), ...ofKnown, ...appeared];
}

function enumDrift(type: string, known: readonly string[], found?: readonly string[]): string[] {
  if (found === undefined) {
    return [`The enum ${short(type)} is gone.`];
  }
  const reads =
    type === typeNames.partnerState
      ? 'it as UNKNOWN_FUTURE_VALUE and cannot send it'
      : `a target that has it ${readsTarget}`;
  return [
    ...known
      .filter((member) => !found.includes(member))
      .map((member) => `${short(type)} has no ${member} any more; ${rejectsIt}.`),
    ...found
      .filter((member) => !known.includes(member))
      .map((member) => `${short(type)} has a new member, ${member}; the gateway reads ${reads}.`),
  ];
}

function describe([name, { type, isNullable }]: readonly [string, CsdlProperty]): string {
  return `${name} (${short(type)}, ${isNullable ? 'nullable' : 'never null'})`;
}

/** Without the namespace that nearly all types are in. */
function short(type: string): string {
  return type.replace(/^(Collection\()?microsoft\.graph\.(?=[^.]*$)/, '$1');
}
