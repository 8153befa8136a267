import { type LimitName, limitCodes } from '../../graphql/limits.ts';
import { RequestProblem } from '../../graphql/problems.ts';
import { type Excess, extensionsOf, messageOf } from './excess.ts';

const sizes: ReadonlySet<LimitName> = new Set(['body-bytes', 'document-bytes']);

/** A request that is beyond a limit before it is an operation. */
export class LimitProblem extends RequestProblem {
  override readonly name = 'LimitProblem';
  readonly limit: LimitName;

  constructor(excess: Excess) {
    const { limit } = excess;
    const status = sizes.has(limit) ? 413 : 400;
    super(status, limitCodes[limit], messageOf(excess), extensionsOf(excess));
    this.limit = limit;
  }
}
