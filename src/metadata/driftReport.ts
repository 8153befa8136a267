import { findDrift } from '../drift/compare.ts';
import { knownModelOf } from '../drift/knownModel.ts';
import type { GraphApiVersion } from '../graph/apiVersion.ts';
import type { Csdl } from './csdl.ts';
import type { Drift } from './drift.ts';
import { driftSentence } from './driftSentence.ts';
import { generationOf } from './generation.ts';

/** What the comparison of one document came to. */
export interface DriftReport {
  readonly hasDrift: boolean;
  readonly lines: readonly string[];
}

/** Compares a document with what the gateway knows of a version, in words. */
export function driftReport(csdl: Csdl, version: GraphApiVersion): DriftReport {
  const { drift, note } = compare(csdl, version);
  const hasDrift = drift.length > 0;
  return {
    hasDrift,
    lines: [
      `Microsoft Graph ${version}, as this gateway knows it: ${countOf(drift.length)}.`,
      ...drift.map((one) => `- ${driftSentence(one)}`),
      ...(note === undefined ? [] : [`Note: ${note}`]),
      ...(hasDrift ? otherVersionLines(csdl, version) : []),
    ],
  };
}

function compare(
  csdl: Csdl,
  version: GraphApiVersion,
): { readonly drift: readonly Drift[]; readonly note: string | undefined } {
  const generation = generationOf(csdl, version);
  return { drift: findDrift(knownModelOf(generation), csdl), note: generation.note };
}

function countOf(count: number): string {
  if (count === 0) {
    return 'no drift';
  }
  return count === 1 ? '1 difference' : `${count} differences`;
}

/** The likeliest reason for many differences is a file of the other version. */
function otherVersionLines(csdl: Csdl, version: GraphApiVersion): string[] {
  const other = version === 'beta' ? 'v1.0' : 'beta';
  return compare(csdl, other).drift.length === 0
    ? [`Note: Measured as ${other} it has no drift. Is it the metadata of ${other}?`]
    : [];
}
