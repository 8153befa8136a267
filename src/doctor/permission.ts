import { type CheckName, type Finding, ok, problem, warning } from './finding.ts';

/** The permissions of which one suffices, the least privileged first. */
export interface PermissionNeeds {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** Compares the granted permissions with those that reading and changing need. */
export function permissionFinding(
  check: CheckName,
  who: string,
  held: readonly string[],
  { read, write }: PermissionNeeds,
): Finding {
  const holds = (needed: readonly string[]): string | undefined =>
    needed.find((name) => held.includes(name));
  const [reads, writes] = [holds(read), holds(write)];
  const grant = (needed: readonly string[]): string =>
    `Have an administrator grant ${needed[0]}; that is the least privileged one.`;
  if (reads === undefined && writes === undefined) {
    return problem(check, `${who} may neither read nor change partners.`, grant(read));
  }
  if (writes === undefined) {
    return warning(check, `${who} may read partners but not change them (${reads}).`, grant(write));
  }
  if (reads === undefined) {
    return warning(check, `${who} may change partners but not read them (${writes}).`, grant(read));
  }
  const least = writes === write[0] ? '' : `; ${write[0]} would be enough`;
  return ok(check, `${who} may read and change partners (${writes}${least}).`);
}
