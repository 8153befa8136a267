import type { GraphApiVersion } from '../../src/graph/types.ts';
import { type Drift, findDrift } from './compare.ts';
import { generationOf, knownModelOf, typeNames } from './knownModel.ts';
import { type Csdl, type CsdlProperty, decodeXml, readCsdl } from './readCsdl.ts';

/** How the command ends: 0 without drift, 1 with drift, 2 where nothing could be compared. */
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

/** What the comparison of one document came to. */
interface DriftReport {
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

/** Says what differs, and what that means for the gateway's users. */
export function driftSentence(drift: Drift): string {
  switch (drift.kind) {
    case 'resourceMissing':
      return 'There is no deviceManagement/complianceManagementPartners, as in some national clouds; the gateway is of no use there.';
    case 'propertyAppeared':
      return `${short(drift.type)} has a property that the gateway does not expect: ${describe(drift.name, drift.property)}.`;
    case 'propertyVanished':
      return `${short(drift.type)} has no ${drift.name} any more; the gateway offers it still, it reads null, and Graph refuses a write that has it.`;
    case 'typeChanged':
      return `${drift.name} of ${short(drift.type)} is ${short(drift.found)}; the gateway takes it for ${short(drift.known)}.`;
    case 'nullabilityChanged':
      return drift.isNullable
        ? `${drift.name} of ${short(drift.type)} may be null now.`
        : `${drift.name} of ${short(drift.type)} may not be null any more; Graph refuses a write that clears it.`;
    case 'enumVanished':
      return `The enum ${short(drift.type)} is gone.`;
    case 'memberAppeared':
      return `${short(drift.type)} has a new member, ${drift.member}; the gateway reads ${drift.type === typeNames.partnerState ? 'it as UNKNOWN_FUTURE_VALUE' : 'a target that has it as UnrecognizedAssignmentTarget'} and cannot send it.`;
    case 'memberVanished':
      return `${short(drift.type)} has no ${drift.member} any more; Graph refuses a write that has it.`;
    case 'targetAppeared':
      return `There is a new target, ${short(drift.type)}, ${describeAll(drift.properties)}; the gateway reads it as UnrecognizedAssignmentTarget and cannot send it.`;
    case 'operationAppeared':
      return `${short(drift.type)} has a new operation, ${drift.name}; the gateway does not offer it.`;
    case 'typeOpened':
      return `${short(drift.type)} is an open type now: it may have properties that no metadata declares; the gateway does not show them.`;
    case 'deprecated':
      return `${short(drift.subject)} is deprecated; Graph removes it on ${drift.removalDate}.`;
    case 'targetVanished':
      return `${short(drift.type)} is no target any more; Graph refuses a write that has it.`;
  }
}

function describeAll(properties: ReadonlyMap<string, CsdlProperty>): string {
  const texts = [...properties].map(([name, property]) => describe(name, property));
  return texts.length === 0 ? 'without properties of its own' : `with ${texts.join(' and ')}`;
}

function describe(name: string, { type, isNullable }: CsdlProperty): string {
  return `${name} (${short(type)}, ${isNullable ? 'nullable' : 'never null'})`;
}

/** The namespace that all of this is in says nothing; others are kept. */
function short(type: string): string {
  return type.replace(/^(Collection\()?microsoft\.graph\.(?=[^.]*$)/, '$1');
}
