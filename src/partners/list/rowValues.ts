import type { PartnerResource } from '../../graph/types.ts';
import { boundText } from '../../selection/boundText.ts';
import { foldText } from '../../selection/foldText.ts';
import { instantKeyOf } from '../dateTimeOffset.ts';

/** What filters, orders and cursors want to know of a row, each worked out once, when it is first asked for. */
export interface RowValues {
  /** Stands for the id in cursors and comparisons: the id itself unless it is unusually long. */
  readonly idKey: string;
  readonly foldedName: string | null;
  readonly nameKey: string | null;
  readonly instantKey: string | undefined;
}

const maximumIdKey = 64;
const maximumNameKey = 128;

class LazyRowValues implements RowValues {
  readonly #row: PartnerResource;
  #idKey: string | undefined;
  #foldedName: string | null | undefined;
  #nameKey: string | null | undefined;
  #instantKey: string | null | undefined;

  constructor(row: PartnerResource) {
    this.#row = row;
  }

  get idKey(): string {
    this.#idKey ??= boundText(this.#row.id, maximumIdKey);
    return this.#idKey;
  }

  get foldedName(): string | null {
    if (this.#foldedName === undefined) {
      const { displayName } = this.#row;
      this.#foldedName = displayName == null ? null : foldText(displayName);
    }
    return this.#foldedName;
  }

  get nameKey(): string | null {
    if (this.#nameKey === undefined) {
      const { displayName } = this.#row;
      this.#nameKey = displayName == null ? null : boundText(displayName, maximumNameKey);
    }
    return this.#nameKey;
  }

  get instantKey(): string | undefined {
    if (this.#instantKey === undefined) {
      this.#instantKey = instantKeyOf(this.#row.lastHeartbeatDateTime ?? '') ?? null;
    }
    return this.#instantKey ?? undefined;
  }
}

/** Rows belong to one operation, so what is known of them goes with them. */
const known = new WeakMap<PartnerResource, RowValues>();

/** Gives what is known of a row. */
export function valuesOf(row: PartnerResource): RowValues {
  let values = known.get(row);
  if (values === undefined) {
    values = new LazyRowValues(row);
    known.set(row, values);
  }
  return values;
}
