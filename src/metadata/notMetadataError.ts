/** A file that is no metadata of OData 4; the message says why, for whoever chose the file. */
export class NotMetadataError extends Error {
  override readonly name = 'NotMetadataError';
}
