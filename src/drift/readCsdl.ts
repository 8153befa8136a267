import type {
  BoundOperation,
  Csdl,
  CsdlProperty,
  CsdlType,
  Deprecation,
} from '../metadata/csdl.ts';
import { NotMetadataError } from '../metadata/notMetadataError.ts';
import { readXml, type StartTag } from '../metadata/readXml.ts';

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
