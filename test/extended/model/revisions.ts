import { deepStrictEqual } from 'node:assert/strict';
import { type ModelPartner, stateOf } from './modelPartner.ts';

/**
 * What is known of revisions: which text stood for which state of which partner. An observation fails if it
 * changed without a change that a user can make, or did not change with one.
 */
export class Revisions {
  readonly #byState = new Map<string, string>();
  readonly #byPartner = new Map<string, Map<string, string>>();

  observe(partner: ModelPartner, revision: unknown): void {
    const [text, state] = [String(revision), stateOf(partner)];
    const key = `${partner.id} ${state}`;
    const states = this.#byPartner.get(partner.id) ?? new Map<string, string>();
    const known = { revision: this.#byState.get(key) ?? text, state: states.get(text) ?? state };
    // An expectation costs more than all the rest here.
    if (typeof revision !== 'string' || known.revision !== text || known.state !== state) {
      deepStrictEqual({ revision, state }, known);
    }
    this.#byPartner.set(partner.id, states.set(text, state));
    this.#byState.set(key, text);
  }

  /** The revision of the partner as it is now; each was observed when the partner came to be as it is. */
  current(partner: ModelPartner): string {
    return this.#byState.get(`${partner.id} ${stateOf(partner)}`) ?? 'never observed';
  }

  /** The revision of some other state that this partner had, the oldest first. */
  stale(partner: ModelPartner): string {
    const others = [...(this.#byPartner.get(partner.id)?.keys() ?? [])];
    return others.find((revision) => revision !== this.current(partner)) ?? 'never given';
  }
}
