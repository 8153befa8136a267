import { blankPartner } from '../blankPartner.ts';
import type { PartnerStore } from '../store.ts';

/** Looks at a store as if every id were taken: one that is not has a blank row, and can be deleted. */
export function storeWithoutGaps(store: PartnerStore): PartnerStore {
  return {
    ...store,
    get: (id) => store.get(id) ?? { ...blankPartner, id },
    delete(id) {
      store.delete(id);
      return true;
    },
  };
}
