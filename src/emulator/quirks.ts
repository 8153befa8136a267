/**
 * Ways to answer that no page of this resource promises and that a client still has to bear: Microsoft's own examples
 * write them, Intune has been seen to do them on neighbouring resources, or the versioning rules allow them without
 * notice.
 */
export type Oddity = (typeof oddities)[number];

/** All of them. */
export const oddities = [
  /** Types inside a partner are written without `#`, as in the response on the reference page. */
  'hash-less-types',
  /** A read of what is not there gives a blank partner with 200, a deletion 204: Intune has answered any GUID so. */
  'missing-as-200',
  /** One partner is answered in `{"value": {…}}`, as in the example on Graph's page for the read. */
  'value-wrapper',
  /** Some states are none that the metadata lists; members may be added without notice. */
  'unknown-enum-members',
  /** Some targets are of types that the metadata does not list; clients are told to expect such. */
  'unknown-target-types',
  /** Each page with rows comes behind one without, which the paging rules allow. */
  'empty-pages',
  /** An update is answered 204 without the partner, which OData allows. */
  'no-content-update',
  /** An update is answered with the partner as it was before, as some Intune types do. */
  'old-entity-update',
  /** Reads show the rows as they were three seconds ago: Intune's lag behind its writes. */
  'lagging-reads',
] as const;
