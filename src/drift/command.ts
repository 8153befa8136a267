import type { GraphApiVersion } from '../graph/apiVersion.ts';
import { decodeXml } from '../metadata/decodeXml.ts';
import { driftReport } from '../metadata/driftReport.ts';
import { readCsdl } from './readCsdl.ts';

/** How the command ends: 0 without drift, 1 with drift, 2 where nothing could be compared. */
export interface CommandResult {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

const usage = 'Usage: npm run drift -- path/to/metadata.xml [beta|v1.0]\n';

/** Compares a metadata file with what the gateway knows. Never rejects: every failure is a result. */
export async function driftCommand(
  [file, version = 'beta', ...others]: readonly string[],
  readFile: (path: string) => Promise<Uint8Array>,
): Promise<CommandResult> {
  if (file === undefined || !isVersion(version) || others.length > 0) {
    return { exitCode: 2, output: usage };
  }
  try {
    const csdl = readCsdl(decodeXml(await readFile(file)));
    const { hasDrift, lines } = driftReport(csdl, version);
    return { exitCode: hasDrift ? 1 : 0, output: `${lines.join('\n')}\n` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { exitCode: 2, output: `${file} cannot be used as metadata: ${reason}\n` };
  }
}

function isVersion(text: string): text is GraphApiVersion {
  return text === 'beta' || text === 'v1.0';
}
