import { SaxesParser } from 'saxes';
import { NotMetadataError } from './notMetadataError.ts';

/** A start tag with its namespace resolved. */
export interface StartTag {
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
export function readXml(text: string, onStartTag: (tag: StartTag) => void): void {
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
