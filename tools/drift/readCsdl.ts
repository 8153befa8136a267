import { SaxesParser } from 'saxes';

const edmx = 'http://docs.oasis-open.org/odata/ns/edmx';
const edm = 'http://docs.oasis-open.org/odata/ns/edm';

/** A name, perhaps of a collection, as its namespace or alias and what surrounds that. */
const qualifiedName = /^(Collection\()?(.*)(\.[^.]*)$/;

/** A declared type before the aliases are known: one may be declared after its first use. */
interface DeclaredType {
  readonly base: string | undefined;
  readonly isAbstract: boolean;
  readonly isOpen: boolean;
  readonly properties: Map<string, CsdlProperty>;
}

interface Declarations {
  readonly namespaceByAlias: Map<string, string>;
  readonly enums: Map<string, string[]>;
  readonly types: Map<string, DeclaredType>;
  readonly singletons: Map<string, string>;
  readonly boundOperations: BoundOperation[];
  readonly deprecations: Deprecation[];
  /** The schema, and the enum or type in it, that the next tags belong to. */
  namespace: string;
  name: string;
  /** The property that the next annotation belongs to; empty for the type itself. */
  member: string;
  /** The action or function whose binding parameter is to come. */
  operation: string | undefined;
  /** What the annotation around the next records is about, if it tells of revisions. */
  subject: string | undefined;
}

const revisions = 'Org.OData.Core.V1.Revisions';

/** Reads the XML of an OData 4 metadata document; throws a `NotMetadataError` where the text is none. */
export function readCsdl(text: string): Csdl {
  const found: Declarations = {
    namespaceByAlias: new Map(),
    enums: new Map(),
    types: new Map(),
    singletons: new Map(),
    boundOperations: [],
    deprecations: [],
    namespace: '',
    name: '',
    member: '',
    operation: undefined,
    subject: undefined,
  };
  readXml(text, (tag) => {
    if (tag.parent === '' && (tag.local !== 'Edmx' || tag.uri !== edmx)) {
      throw new NotMetadataError(`its root is ${tag.local} and not the Edmx of OData 4`);
    }
    if (tag.uri === edm) {
      declare(found, tag);
      annotate(found, tag);
    }
  });
  if (found.namespace === '') {
    throw new NotMetadataError('it has no Schema');
  }
  return resolve(found);
}

function declare(found: Declarations, tag: StartTag): void {
  const { local, parent } = tag;
  const name = tag.attribute('Name') ?? '';
  switch (`${parent}/${local}`) {
    case 'DataServices/Schema':
      found.namespace = tag.attribute('Namespace') ?? '';
      found.namespaceByAlias.set(tag.attribute('Alias') ?? found.namespace, found.namespace);
      return;
    case 'Schema/EnumType':
      found.name = `${found.namespace}.${name}`;
      found.member = '';
      found.enums.set(found.name, []);
      return;
    case 'EnumType/Member':
      found.member = name;
      found.enums.get(found.name)?.push(name);
      return;
    case 'Schema/EntityType':
    case 'Schema/ComplexType':
      found.name = `${found.namespace}.${name}`;
      found.member = '';
      found.types.set(found.name, {
        base: tag.attribute('BaseType'),
        isAbstract: isTrue(tag.attribute('Abstract')),
        isOpen: isTrue(tag.attribute('OpenType')),
        properties: new Map(),
      });
      return;
    case 'EntityType/Property':
    case 'ComplexType/Property':
    case 'EntityType/NavigationProperty':
    case 'ComplexType/NavigationProperty':
      found.member = name;
      found.types.get(found.name)?.properties.set(name, {
        type: tag.attribute('Type') ?? '',
        // An absent facet means nullable; on a collection it is silent about the items, which then may be null too.
        isNullable: isTrue(tag.attribute('Nullable') ?? 'true'),
      });
      return;
    case 'EntityContainer/Singleton':
      found.singletons.set(name, tag.attribute('Type') ?? '');
      return;
    case 'Schema/Action':
    case 'Schema/Function':
      found.name = `${found.namespace}.${name}`;
      found.member = '';
      found.operation = isTrue(tag.attribute('IsBound')) ? name : undefined;
      return;
    case 'Action/Parameter':
    case 'Function/Parameter':
      // The first parameter of a bound operation is what it is bound to.
      if (found.operation !== undefined) {
        found.boundOperations.push({ name: found.operation, type: tag.attribute('Type') ?? '' });
        found.operation = undefined;
      }
  }
}

/** Notes dates of removal, whether an annotation stands inside what it is about or apart with a target. */
function annotate(found: Declarations, { local, parent, attribute }: StartTag): void {
  if (local === 'Annotations') {
    found.name = attribute('Target') ?? '';
    found.member = '';
  } else if (local === 'Annotation') {
    const isOfMember = found.member !== '' && /^(Property|NavigationProperty|Member)$/.test(parent);
    const subject = isOfMember ? `${found.name}/${found.member}` : found.name;
    found.subject = attribute('Term') === revisions ? subject : undefined;
  } else if (local === 'PropertyValue' && attribute('Property') === 'RemovalDate') {
    const removalDate = attribute('Date') ?? attribute('String');
    if (found.subject !== undefined && removalDate !== undefined) {
      found.deprecations.push({ subject: found.subject, removalDate });
    }
  }
}

function isTrue(value: string | undefined): boolean {
  return value?.trim() === 'true' || value?.trim() === '1';
}

/** Writes all names of types in full. */
function resolve(found: Declarations): Csdl {
  const { namespaceByAlias, enums, types, singletons } = found;
  const inFull = (name: string): string => {
    const [, open = '', qualifier = '', rest = ''] = qualifiedName.exec(name) ?? [];
    const namespace = namespaceByAlias.get(qualifier);
    return namespace === undefined ? name : `${open}${namespace}${rest}`;
  };
  const withFullType = ([name, property]: [string, CsdlProperty]): [string, CsdlProperty] => [
    name,
    { ...property, type: inFull(property.type) },
  ];
  const withFullNames = ([name, type]: [string, DeclaredType]): [string, CsdlType] => [
    name,
    {
      ...(type.base !== undefined && { base: inFull(type.base) }),
      isAbstract: type.isAbstract,
      isOpen: type.isOpen,
      properties: new Map([...type.properties].map(withFullType)),
    },
  ];
  return {
    enums,
    types: new Map([...types].map(withFullNames)),
    singletons: new Map([...singletons].map(([name, type]) => [name, inFull(type)])),
    boundOperations: found.boundOperations.map(({ name, type }) => ({
      name,
      type: inFull(type).replace(/^Collection\((.*)\)$/, '$1'),
    })),
    deprecations: found.deprecations.map(({ subject, removalDate }) => {
      const [type = '', ...member] = subject.split('/');
      return { subject: [inFull(type), ...member].join('/'), removalDate };
    }),
  };
}

/** A property as a schema declares it; names of types are in full, whatever alias the schema used. */
export interface CsdlProperty {
  readonly type: string;
  readonly isNullable: boolean;
}

/** An entity type or a complex type with its own properties, navigation properties among them. */
interface CsdlType {
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
interface BoundOperation {
  readonly name: string;
  readonly type: string;
}

/** What is deprecated, as `type` or `type/member`, and the date of its removal. */
interface Deprecation {
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

/** A start tag with its namespace resolved. */
interface StartTag {
  readonly uri: string;
  readonly local: string;
  /** The local name of the element around it; empty for the root. */
  readonly parent: string;
  /** The value of an attribute without a prefix. */
  attribute(name: string): string | undefined;
}

/**
 * Tells the start tags of an XML document in their order. Throws a `NotMetadataError` at the first thing that is not
 * well-formed, and at any DTD: metadata has none, and without one there are no entities to expand.
 */
function readXml(text: string, onStartTag: (tag: StartTag) => void): void {
  const open: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', ({ message }) => {
    throw new NotMetadataError(`it is not well-formed XML (line:column ${message})`);
  });
  parser.on('doctype', () => {
    throw new NotMetadataError('it has a DTD, which is never read');
  });
  parser.on('opentag', ({ uri, local, attributes }) => {
    onStartTag({
      uri,
      local,
      parent: open.at(-1) ?? '',
      attribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name]?.value : undefined),
    });
    open.push(local);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(text).close();
}

/**
 * Decodes a file as what its first bytes say: UTF-16 where they are its mark, as some shells write what they download,
 * and UTF-8 in all other cases. Throws a `NotMetadataError` where the bytes are not that.
 */
export function decodeXml(bytes: Uint8Array): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    throw new NotMetadataError('it is not text in UTF-8 or UTF-16');
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) {
    return 'utf-16le';
  }
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

/** A file that is no metadata of OData 4; the message says why. */
export class NotMetadataError extends Error {
  override readonly name = 'NotMetadataError';
}
