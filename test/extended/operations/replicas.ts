import { type Program, startProgram } from '../../support/programs.ts';

/** A gateway as a process of its own that always comes back at the same port. */
export interface Replica {
  /** The process that runs now. */
  readonly program: Program;
  /** Starts it where it does not run, and waits until it takes requests. */
  start(): Promise<void>;
}

/** Prepares one. */
export function createReplica(port: number, environment: Record<string, string>): Replica {
  let program: Program | undefined;
  return {
    get program() {
      if (program === undefined) {
        throw new Error('The replica was never started');
      }
      return program;
    },
    async start() {
      program = startProgram({ PORT: String(port), ...environment });
      await program.until(/"message":"Running"/);
    },
  };
}
