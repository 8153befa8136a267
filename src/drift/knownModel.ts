import { platformsOf } from '../graph/apiVersion.ts';
import { type RecognizedTypename, wireNameByTypename } from '../mapping/assignmentTarget.ts';
import { wirePartnerStates } from '../mapping/partnerState.ts';
import type { CsdlProperty } from '../metadata/csdl.ts';
import { type Generation, platformProperties } from '../metadata/generation.ts';
import {
  assignmentProperties,
  filterProperties,
  filterTypes,
  ownProperties,
  partnerProperties,
  targetProperties,
  typeNames,
} from '../metadata/knownProperties.ts';

/** Properties by their names. */
export type Properties = ReadonlyMap<string, CsdlProperty>;

/** What the gateway knows of a generation, to be compared with what its metadata says. */
export interface KnownModel {
  readonly partner: Properties;
  readonly assignment: Properties;
  /** What all targets have. */
  readonly anyTarget: Properties;
  /** The targets by their full names with all their properties. */
  readonly targets: ReadonlyMap<string, Properties>;
  /** The members of the enums by their full names. */
  readonly enums: ReadonlyMap<string, readonly string[]>;
}

/** Gives the gateway's knowledge from the tables that its mapping and its wire types are checked against. */
export function knownModelOf({ platforms, hasFilters }: Generation): KnownModel {
  const absent = platformsOf('beta')
    .filter((platform) => !platforms.includes(platform))
    .flatMap(platformProperties);
  const partner = Object.entries(partnerProperties).filter(([name]) => !absent.includes(name));
  const filters = hasFilters ? filterProperties : [];
  const states: [string, readonly string[]] = [typeNames.partnerState, wirePartnerStates];
  return {
    partner: new Map(partner),
    assignment: new Map(Object.entries(assignmentProperties)),
    anyTarget: pick(filters),
    targets: new Map(
      (Object.keys(wireNameByTypename) as RecognizedTypename[]).map((typename) => [
        `microsoft.graph.${wireNameByTypename[typename]}`,
        pick([...filters, ...ownProperties[typename]]),
      ]),
    ),
    enums: new Map(hasFilters ? [states, [typeNames.filterType, filterTypes]] : [states]),
  };
}

function pick(names: readonly (keyof typeof targetProperties)[]): Properties {
  return new Map(names.map((name) => [name, targetProperties[name]]));
}
