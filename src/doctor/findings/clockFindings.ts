import { type Finding, ok, problem, warning } from '../finding.ts';

/** Whose time was compared. */
export interface ClockSource {
  readonly name: string;
  /** How far this machine's clock is ahead of it. */
  readonly aheadMs: number;
}

/** As much as tokens may be off when they are judged. */
const toleratedMs = 60_000;

/** Judges this machine's clock by those of others, the one that differs most. */
export function clockFindings(
  sources: readonly ClockSource[],
  judgesTokens: boolean,
): readonly Finding[] {
  const [worst] = [...sources].sort((a, b) => Math.abs(b.aheadMs) - Math.abs(a.aheadMs));
  if (worst === undefined) {
    return [];
  }
  const seconds = Math.round(Math.abs(worst.aheadMs) / 1000);
  if (Math.abs(worst.aheadMs) <= toleratedMs) {
    return [ok('clock', `This machine's clock agrees with ${worst.name} (${seconds} s apart).`)];
  }
  const direction = worst.aheadMs > 0 ? 'ahead of' : 'behind';
  const message = `This machine's clock is ${seconds} s ${direction} ${worst.name}.`;
  return judgesTokens
    ? [problem('clock', message, "Set it (NTP): the gateway judges callers' tokens by it.")]
    : [
        warning(
          'clock',
          message,
          'Set it (NTP): times in logs and of tokens are wrong by as much.',
        ),
      ];
}
