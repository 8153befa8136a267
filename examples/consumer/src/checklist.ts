import { isDeepStrictEqual } from 'node:util';

/** Prints what happens and remembers which expectations failed. */
export interface Checklist {
  begin(title: string): void;
  say(text: string): void;
  /** Compares, whatever the two are. */
  expect(claim: string, seen: unknown, wanted: unknown): void;
  readonly passed: number;
  readonly failed: number;
}

/** Starts an empty checklist that prints to the console. */
export function createChecklist(): Checklist {
  let passed = 0;
  let failed = 0;
  return {
    begin: (title) => console.log(`\n${title}`),
    say: (text) => console.log(`  ${text}`),
    expect(claim, seen, wanted) {
      if (isDeepStrictEqual(seen, wanted)) {
        passed += 1;
        console.log(`  ok: ${claim}`);
        return;
      }
      failed += 1;
      console.log(`  FAILED: ${claim}`);
      console.log(`    seen   ${JSON.stringify(seen)}`);
      console.log(`    wanted ${JSON.stringify(wanted)}`);
    },
    get passed() {
      return passed;
    },
    get failed() {
      return failed;
    },
  };
}
