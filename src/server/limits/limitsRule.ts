import type { ValidationRule } from 'graphql';
import type { Limits } from '../../graphql/limits.ts';
import { findExcesses } from './excess.ts';
import { LimitError } from './limitError.ts';
import { measureDocument } from './measureDocument.ts';

/** A rule that refuses documents beyond the limits; with `warn-only` it refuses none. */
export function createLimitsRule(limits: Limits, measureOf = measureDocument): ValidationRule {
  return (context) => {
    if (limits.mode === 'enforce') {
      for (const excess of findExcesses(measureOf(context.getDocument()), limits)) {
        context.reportError(new LimitError(excess));
      }
    }
    return {};
  };
}
