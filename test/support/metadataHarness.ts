import { type Generation, metadataXml, modelOf } from '../../src/emulator/model.ts';

/** The metadata of the embedded Graph with one text in it replaced; throws unless the text is there once. */
export function changedMetadata(
  from: string,
  to: string,
  generation: Generation = 'today',
): string {
  const xml = metadataXml(modelOf(generation));
  const parts = xml.split(from);
  if (parts.length !== 2) {
    throw new Error(`The metadata has ${parts.length - 1} times ${from}`);
  }
  return parts.join(to);
}

/** A document of OData 4 around some schemas. */
export function edmxOf(schemas: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>${schemas}</edmx:DataServices>
</edmx:Edmx>`;
}

/** A schema with some content. */
export function schemaOf(attributes: string, content: string): string {
  return `<Schema ${attributes} xmlns="http://docs.oasis-open.org/odata/ns/edm">${content}</Schema>`;
}
