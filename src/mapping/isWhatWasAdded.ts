import type { NewPartnerResource, PartnerResource } from '../graph/types.ts';
import { type ComparedProperty, meaningOf } from '../partners/meaning.ts';

/** Whether a partner that Graph holds is what an add sent, by meaning, in everything that it sent. */
export function isWhatWasAdded(sent: NewPartnerResource, held: PartnerResource): boolean {
  const { '@odata.type': _type, ...properties } = sent;
  return (Object.keys(properties) as ComparedProperty[]).every(
    (property) => meaningOf(property, sent[property]) === meaningOf(property, held[property]),
  );
}
