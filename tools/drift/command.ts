import type { GraphApiVersion } from '../../src/graph/types.ts';
import { findDrift } from './compare.ts';
import { generationOf, knownModelOf } from './knownModel.ts';
import { type Csdl, decodeXml, readCsdl } from './readCsdl.ts';

/** How the command ends: 0 without drift, 1 with drift, 2 if nothing could be compared. */
export interface CommandResult {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

const help = `
Compares Graph's $metadata, saved to a file, with what the gateway knows of that version (beta if none is given).
Ends with 0 (no drift), 1 (drift) or 2 (nothing could be compared).
`;

/**
 * Compares a metadata file with what the gateway knows. Never rejects: every failure is a result. `call` is how the
 * caller names the command.
 */
export async function driftCommand(
  [file, version = 'beta', ...others]: readonly string[],
  readFile: (path: string) => Promise<Uint8Array>,
  call: string,
): Promise<CommandResult> {
  const usage = `Usage: ${call} path/to/metadata.xml [beta|v1.0]\n`;
  if (file === '--help' || file === '-h') {
    return { exitCode: 0, output: usage + help };
  }
  if (file === undefined || (version !== 'beta' && version !== 'v1.0') || others.length > 0) {
    return { exitCode: 2, output: usage };
  }
  try {
    return report(readCsdl(decodeXml(await readFile(file))), version);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { exitCode: 2, output: `${file} cannot be used as metadata: ${reason}\n` };
  }
}

function report(csdl: Csdl, version: GraphApiVersion): CommandResult {
  const generation = generationOf(csdl, version);
  const drift = findDrift(knownModelOf(generation), csdl);
  const other = version === 'beta' ? 'v1.0' : 'beta';
  const isOther = findDrift(knownModelOf(generationOf(csdl, other)), csdl).length === 0;
  const count = `${drift.length} difference${drift.length === 1 ? '' : 's'}`;
  const hasDrift = drift.length > 0;
  const lines = [
    `Microsoft Graph ${version}, as this gateway knows it: ${hasDrift ? count : 'no drift'}.`,
    ...drift.map((sentence) => `- ${sentence}`),
    ...(generation.note === undefined ? [] : [`Note: ${generation.note}`]),
    // The likeliest reason for many differences is a file of the other version.
    ...(hasDrift && isOther
      ? [`Note: Compared with ${other}, it has no drift. Is it the metadata of ${other}?`]
      : []),
  ];
  return { exitCode: hasDrift ? 1 : 0, output: `${lines.join('\n')}\n` };
}
