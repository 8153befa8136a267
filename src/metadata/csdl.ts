/** A property as a schema declares it; names of types are in full, whatever alias the schema used. */
export interface CsdlProperty {
  readonly type: string;
  readonly isNullable: boolean;
}

/** An entity type or a complex type with its own properties, navigation properties among them. */
export interface CsdlType {
  readonly base?: string;
  readonly isAbstract: boolean;
  /** Whether its values may have properties that it does not declare. */
  readonly isOpen: boolean;
  readonly properties: ReadonlyMap<string, CsdlProperty>;
}

/** What a metadata document declares, by full names; singletons by their plain names. */
export interface Csdl {
  readonly enums: ReadonlyMap<string, readonly string[]>;
  readonly types: ReadonlyMap<string, CsdlType>;
  /** The types of the singletons. */
  readonly singletons: ReadonlyMap<string, string>;
  readonly boundOperations: readonly BoundOperation[];
  readonly deprecations: readonly Deprecation[];
}

/** An action or a function, and the type that it is bound to. */
export interface BoundOperation {
  readonly name: string;
  readonly type: string;
}

/** What is deprecated, as `type` or `type/member`, and the date of its removal. */
export interface Deprecation {
  readonly subject: string;
  readonly removalDate: string;
}

/** All properties of a type, those of its bases first; none for a type that is not there. */
export function propertiesOf(csdl: Csdl, name: string): ReadonlyMap<string, CsdlProperty> {
  const types = lineageOf(csdl, name).map((one) => csdl.types.get(one));
  return new Map(types.reverse().flatMap((type) => [...(type?.properties ?? [])]));
}

/** Whether a type has another one among its bases. */
export function derivesFrom(csdl: Csdl, name: string, base: string): boolean {
  return name !== base && lineageOf(csdl, name).includes(base);
}

/** A type that is there and its bases, nearest first; a circle of bases is walked once. */
function lineageOf(csdl: Csdl, name: string): string[] {
  const lineage: string[] = [];
  let next: string | undefined = name;
  while (next !== undefined && csdl.types.has(next) && !lineage.includes(next)) {
    lineage.push(next);
    next = csdl.types.get(next)?.base;
  }
  return lineage;
}
