import { type KnownModel, type Properties, typeNames } from './knownModel.ts';
import { type Csdl, type CsdlProperty, derivesFrom, propertiesOf } from './readCsdl.ts';

/**
 * Lists all differences that can be seen on the wire: properties count wherever in the line of bases they are
 * declared. Where the collection itself is missing, that is the only one.
 */
export function findDrift(known: KnownModel, csdl: Csdl): readonly Drift[] {
  const root = csdl.singletons.get('deviceManagement') ?? '';
  const partners = propertiesOf(csdl, root).get('complianceManagementPartners');
  if (partners === undefined || !csdl.types.has(typeNames.partner)) {
    return [{ kind: 'resourceMissing' }];
  }
  return [
    ...typeDrift(typeNames.deviceManagement, 'complianceManagementPartners', {
      known: typeNames.partners,
      found: partners.type,
    }),
    ...propertyDrift(typeNames.partner, known.partner, csdl),
    ...propertyDrift(typeNames.assignment, known.assignment, csdl),
    ...targetDrift(known, csdl),
    ...[...known.enums].flatMap(([type, members]) =>
      enumDrift(type, members, csdl.enums.get(type)),
    ),
    ...csdl.boundOperations
      .filter(({ type }) => type === typeNames.partner)
      .map(({ name, type }): Drift => ({ kind: 'operationAppeared', type, name })),
    ...ownTypesOf(known)
      .filter((type) => csdl.types.get(type)?.isOpen === true)
      .map((type): Drift => ({ kind: 'typeOpened', type })),
    ...csdl.deprecations
      .filter(({ subject }) => isOwn(known, subject))
      .map((deprecation): Drift => ({ kind: 'deprecated', ...deprecation })),
  ];
}

function ownTypesOf(known: KnownModel): string[] {
  return [typeNames.partner, typeNames.assignment, typeNames.target, ...known.targets.keys()];
}

/** Whether a type or member is one that the gateway reads or writes. */
function isOwn(known: KnownModel, subject: string): boolean {
  const [type = ''] = subject.split('/');
  const isCollection = /\/complianceManagementPartners$/.test(subject);
  return isCollection || [...ownTypesOf(known), ...known.enums.keys()].includes(type);
}

function propertyDrift(type: string, known: Properties, csdl: Csdl): Drift[] {
  const found = propertiesOf(csdl, type);
  const ofKnown = [...known].flatMap(([name, property]): Drift[] => {
    const now = found.get(name);
    if (now === undefined) {
      return [{ kind: 'propertyVanished', type, name }];
    }
    const { isNullable } = now;
    return [
      ...typeDrift(type, name, { known: property.type, found: now.type }),
      ...(isNullable === property.isNullable
        ? []
        : [{ kind: 'nullabilityChanged', type, name, isNullable } as const]),
    ];
  });
  const appeared = [...found]
    .filter(([name]) => !known.has(name))
    .map(([name, property]): Drift => ({ kind: 'propertyAppeared', type, name, property }));
  return [...ofKnown, ...appeared];
}

function typeDrift(
  type: string,
  name: string,
  types: { readonly known: string; readonly found: string },
): Drift[] {
  return types.known === types.found ? [] : [{ kind: 'typeChanged', type, name, ...types }];
}

/** A change of all targets is reported once, at their common base. */
function targetDrift(known: KnownModel, csdl: Csdl): Drift[] {
  const ofAll = propertyDrift(typeNames.target, known.anyTarget, csdl);
  const isOfAll = (drift: Drift): boolean => ofAll.some((one) => befallsAlike(one, drift));
  const targets = [...csdl.types.keys()].filter((type) => isTarget(csdl, type));
  const ofKnown = [...known.targets].flatMap(([type, properties]): Drift[] =>
    targets.includes(type)
      ? propertyDrift(type, properties, csdl).filter((drift) => !isOfAll(drift))
      : [{ kind: 'targetVanished', type }],
  );
  const common = propertiesOf(csdl, typeNames.target);
  const appeared = targets
    .filter((type) => !known.targets.has(type))
    .map((type): Drift => {
      const own = [...propertiesOf(csdl, type)].filter(([name]) => !common.has(name));
      return { kind: 'targetAppeared', type, properties: new Map(own) };
    });
  return [...ofAll, ...ofKnown, ...appeared];
}

/** An abstract type cannot be on the wire, so it is neither new nor still there. */
function isTarget(csdl: Csdl, type: string): boolean {
  return derivesFrom(csdl, type, typeNames.target) && csdl.types.get(type)?.isAbstract === false;
}

/** Whether the same happened to properties of the same name, whichever types have them. */
function befallsAlike(one: Drift, other: Drift): boolean {
  return one.kind === other.kind && 'name' in one && 'name' in other && one.name === other.name;
}

function enumDrift(
  type: string,
  known: readonly string[],
  found: readonly string[] | undefined,
): Drift[] {
  if (found === undefined) {
    return [{ kind: 'enumVanished', type }];
  }
  return [
    ...known
      .filter((member) => !found.includes(member))
      .map((member): Drift => ({ kind: 'memberVanished', type, member })),
    ...found
      .filter((member) => !known.includes(member))
      .map((member): Drift => ({ kind: 'memberAppeared', type, member })),
  ];
}

/** One difference between what metadata says and what the gateway knows. Types and enums go by full names. */
export type Drift =
  | { readonly kind: 'resourceMissing' }
  | {
      readonly kind: 'propertyAppeared';
      readonly type: string;
      readonly name: string;
      readonly property: CsdlProperty;
    }
  | { readonly kind: 'propertyVanished'; readonly type: string; readonly name: string }
  | {
      readonly kind: 'typeChanged';
      readonly type: string;
      readonly name: string;
      readonly known: string;
      readonly found: string;
    }
  | {
      readonly kind: 'nullabilityChanged';
      readonly type: string;
      readonly name: string;
      readonly isNullable: boolean;
    }
  | { readonly kind: 'enumVanished'; readonly type: string }
  | { readonly kind: 'memberAppeared'; readonly type: string; readonly member: string }
  | { readonly kind: 'memberVanished'; readonly type: string; readonly member: string }
  | {
      readonly kind: 'targetAppeared';
      readonly type: string;
      /** Beside those that all targets have. */
      readonly properties: ReadonlyMap<string, CsdlProperty>;
    }
  | { readonly kind: 'targetVanished'; readonly type: string }
  | { readonly kind: 'operationAppeared'; readonly type: string; readonly name: string }
  | { readonly kind: 'typeOpened'; readonly type: string }
  | {
      readonly kind: 'deprecated';
      /** A type, or `type/member`. */
      readonly subject: string;
      /** As the metadata has it, such as 2027-03-31. */
      readonly removalDate: string;
    };
