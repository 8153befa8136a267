import { SaxesParser } from 'saxes';

const edmx = 'http://docs.oasis-open.org/odata/ns/edmx';
const edm = 'http://docs.oasis-open.org/odata/ns/edm';

/** A property as a schema declares it. */
export interface CsdlProperty {
  readonly type: string;
  readonly isNullable: boolean;
}

/** Properties by their names. */
export type Properties = ReadonlyMap<string, CsdlProperty>;

/** An entity type or a complex type with its own properties, navigation properties among them. */
interface CsdlType {
  readonly base: string | undefined;
  readonly isAbstract: boolean;
  /** Whether its values may have properties that it does not declare. */
  readonly isOpen: boolean;
  readonly properties: Properties;
}

/** What a metadata document declares; names of types are in full, whatever alias the schema used. */
export interface Csdl {
  readonly enums: ReadonlyMap<string, readonly string[]>;
  readonly types: ReadonlyMap<string, CsdlType>;
  /** The types of the singletons by their plain names. */
  readonly singletons: ReadonlyMap<string, string>;
  /** The actions and functions, and the types that they are bound to. */
  readonly boundOperations: readonly { readonly name: string; readonly type: string }[];
  /** Deprecated types, or members as `type/member`. */
  readonly deprecations: readonly { readonly subject: string; readonly removalDate: string }[];
}

/**
 * Reads the XML of an OData 4 metadata document.
 * @throws Error if the text is none; the message gives the reason
 */
export function readCsdl(text: string): Csdl {
  const namespaceByAlias = new Map<string, string>();
  readXml(text, ({ path, attribute }) => {
    if (path === 'DataServices/Schema') {
      const namespace = attribute('Namespace') ?? '';
      namespaceByAlias.set(attribute('Alias') ?? namespace, namespace);
    }
  });
  if (namespaceByAlias.size === 0) {
    throw new Error('it has no Schema');
  }
  // A second reading, because an alias may be used before the schema that declares it.
  return readDeclarations(text, (name) => {
    const [, open = '', qualifier = '', rest = ''] =
      /^(Collection\()?(.*)(\.[^.]*)$/.exec(name) ?? [];
    const namespace = namespaceByAlias.get(qualifier);
    return namespace === undefined ? name : `${open}${namespace}${rest}`;
  });
}

function readDeclarations(text: string, inFull: (name: string) => string): Csdl {
  const enums = new Map<string, string[]>();
  const types = new Map<string, CsdlType & { readonly properties: Map<string, CsdlProperty> }>();
  const singletons = new Map<string, string>();
  const boundOperations: { name: string; type: string }[] = [];
  const deprecations: { subject: string; removalDate: string }[] = [];
  /** Where the next tags belong: to a schema, to a type in it, and to a member of that or to the type itself. */
  let namespace = '';
  let owner = '';
  let member = '';
  /** The action or function whose binding parameter is to come. */
  let operation: string | undefined;
  /** The subject of the annotation around the next records, if it lists revisions. */
  let subject: string | undefined;

  readXml(text, ({ path, parent, attribute }) => {
    const name = attribute('Name') ?? '';
    const type = inFull(attribute('Type') ?? '');
    if (parent === 'Schema') {
      owner = `${namespace}.${name}`;
      member = '';
    }
    switch (path) {
      case 'DataServices/Schema':
        namespace = attribute('Namespace') ?? '';
        break;
      case 'Schema/EnumType':
        enums.set(owner, []);
        break;
      case 'EnumType/Member':
        member = name;
        enums.get(owner)?.push(name);
        break;
      case 'Schema/EntityType':
      case 'Schema/ComplexType': {
        const base = attribute('BaseType');
        types.set(owner, {
          base: base && inFull(base),
          isAbstract: isTrue(attribute('Abstract')),
          isOpen: isTrue(attribute('OpenType')),
          properties: new Map(),
        });
        break;
      }
      case 'EntityType/Property':
      case 'ComplexType/Property':
      case 'EntityType/NavigationProperty':
      case 'ComplexType/NavigationProperty': {
        member = name;
        // An absent facet means nullable; on a collection it says nothing about the items, which then may be null too.
        const isNullable = isTrue(attribute('Nullable') ?? 'true');
        types.get(owner)?.properties.set(name, { type, isNullable });
        break;
      }
      case 'EntityContainer/Singleton':
        singletons.set(name, type);
        break;
      case 'Schema/Action':
      case 'Schema/Function':
        operation = isTrue(attribute('IsBound')) ? name : undefined;
        break;
      case 'Action/Parameter':
      case 'Function/Parameter':
        // A bound operation is bound to its first parameter.
        if (operation !== undefined) {
          boundOperations.push({
            name: operation,
            type: type.replace(/^Collection\((.*)\)$/, '$1'),
          });
          operation = undefined;
        }
        break;
      // An annotation stands inside its subject, or apart with a target.
      case 'Schema/Annotations': {
        const [target = '', ...rest] = (attribute('Target') ?? '').split('/');
        owner = [inFull(target), ...rest].join('/');
        break;
      }
      default:
        if (path.endsWith('/Annotation')) {
          const isOfMember = /^(Property|NavigationProperty|Member)$/.test(parent);
          const isRevisions = attribute('Term') === 'Org.OData.Core.V1.Revisions';
          subject = isRevisions ? `${owner}${isOfMember ? `/${member}` : ''}` : undefined;
        }
        if (path.endsWith('/PropertyValue') && attribute('Property') === 'RemovalDate') {
          const removalDate = attribute('Date') ?? attribute('String');
          if (subject !== undefined && removalDate !== undefined) {
            deprecations.push({ subject, removalDate });
          }
        }
    }
  });
  return { enums, types, singletons, boundOperations, deprecations };
}

function isTrue(value: string | undefined): boolean {
  return value?.trim() === 'true' || value?.trim() === '1';
}

/** All properties of a type, those of its bases first; none for a type that is not there. */
export function propertiesOf(csdl: Csdl, name: string): Properties {
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

/** A start tag of a schema. */
interface StartTag {
  /** The local name of the element around it. */
  readonly parent: string;
  /** That and its own local name, as `Schema/EnumType`. */
  readonly path: string;
  /** The value of an attribute without a prefix. */
  attribute(name: string): string | undefined;
}

/**
 * Calls back with each start tag of the schemas. Throws at the first thing that is not well-formed, and at any DTD: metadata has
 * none, and without one there are no entities to expand.
 */
function readXml(text: string, onTag: (tag: StartTag) => void): void {
  const open: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', ({ message }) => {
    throw new Error(`it is not well-formed XML (line:column ${message})`);
  });
  parser.on('doctype', () => {
    throw new Error('it has a DTD, which is never read');
  });
  parser.on('opentag', ({ uri, local, attributes }) => {
    const parent = open.at(-1) ?? '';
    if (parent === '' && (local !== 'Edmx' || uri !== edmx)) {
      throw new Error(`its root is ${local} and not the Edmx of OData 4`);
    }
    if (uri === edm) {
      const attribute = (name: string): string | undefined =>
        Object.hasOwn(attributes, name) ? attributes[name]?.value : undefined;
      onTag({ parent, path: `${parent}/${local}`, attribute });
    }
    open.push(local);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(text).close();
}

/**
 * Decodes a file by its first bytes: UTF-16 if they are its mark, as some shells write downloads, otherwise UTF-8.
 * @throws Error for other bytes
 */
export function decodeXml(bytes: Uint8Array): string {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString('hex');
  const encodings: Readonly<Record<string, string>> = { fffe: 'utf-16le', feff: 'utf-16be' };
  try {
    return new TextDecoder(encodings[mark] ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('it is not text in UTF-8 or UTF-16');
  }
}
