import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { findFreePort } from '../../support/freePort.ts';
import {
  type Program,
  type ProgramOptions,
  postTo,
  startProgram,
  statusAt,
} from '../../support/programs.ts';
import { until } from '../../support/until.ts';
import { type CountingGraph, noBudget, startCountingGraph, startSteadyLoad } from './load.ts';

let graph: CountingGraph;
let program: Program;
let url: string;

const fixture = fileURLToPath(new URL('./faultOnSignal.mjs', import.meta.url));

/** Starts the built program at a Graph that takes its time, and waits until it takes requests. */
async function start(
  environment: Record<string, string> = {},
  options: ProgramOptions = {},
): Promise<void> {
  graph = await startCountingGraph(400);
  const port = await findFreePort();
  url = `http://127.0.0.1:${port}`;
  program = startProgram(
    {
      PORT: String(port),
      GRAPH_BASE_URL: graph.url,
      DRAIN_DELAY_MS: '0',
      ...noBudget,
      NODE_OPTIONS: `--import=${fixture}`,
      ...environment,
    },
    options,
  );
  await until(async () => (await statusAt(`${url}/readyz`)) === 200);
}

afterEach(async () => {
  await program.end();
  await graph.close();
});

const endsIn = (code: number) => ({ code, signal: null });

describe('an uncaught error', () => {
  it.each([
    ['exception', 'uncaughtException', 'Error'],
    ['rejection', 'unhandledRejection', 'TypeError'],
  ])(
    'ends the program with 1 after what is in flight, and a log line without its text: %s',
    async (fault, reason, name) => {
      await start({ FAULT: fault });
      const load = startSteadyLoad(url, 2);
      await until(() => graph.adds.size > 0);
      const inFlight = new Set(graph.adds.keys());
      program.kill('SIGUSR2');
      expect(await program.ended).toEqual(endsIn(1));
      await load.stop();
      const answered = load.outcomes.filter(
        ({ added }) => added !== undefined && inFlight.has(added),
      );
      expect(answered.map((outcome) => outcome.fault)).toEqual([...inFlight].map(() => undefined));
      const line = program
        .output()
        .split('\n')
        .find((text) => text.includes('uncaught'));
      expect(JSON.parse(line ?? '')).toMatchObject({ level: 'error', reason, error: { name } });
      expect(program.output()).not.toContain('hunter2');
    },
  );
});

describe('the program', () => {
  it('tells of warnings of Node.js as it tells of everything, without their text', async () => {
    await start({ FAULT: 'warning' });
    program.kill('SIGUSR2');
    const [line] = await program.until(/^\{.*TestWarning.*\}$/m);
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      reason: 'TestWarning',
      code: 'TEST01',
    });
    expect(program.output()).not.toContain('hunter2');
  });

  it('reads the answers that came while the whole process was stopped, before deadlines judge them', async () => {
    await start({ OPERATION_TIMEOUT_MS: '2000', NODE_OPTIONS: '' });
    const add = async (name: string): Promise<string> => {
      const query = `mutation { addComplianceManagementPartner(input: { displayName: "${name}" }) { complianceManagementPartner { id } } }`;
      return (await postTo(url, { query })).text;
    };
    await add('first');
    const waiting = Array.from({ length: 16 }, (_, index) => add(`waiting ${index}`));
    await until(() => graph.adds.size === 17);
    program.kill('SIGSTOP');
    // Longer than the operations may take.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    program.kill('SIGCONT');
    const answers = [...(await Promise.all(waiting)), await add('last')];
    expect(answers.filter((answer) => answer.includes('"errors"'))).toEqual([]);
  });

  it('answers and ends in order where its log is closed', async () => {
    await start({ LOG_LEVEL: 'debug' }, { output: 'closed' });
    // More than a pipe holds.
    for (let count = 0; count < 2000; count += 50) {
      const statuses = await Promise.all(
        Array.from({ length: 50 }, () => statusAt(`${url}/livez`)),
      );
      expect(new Set(statuses)).toEqual(new Set([200]));
    }
    program.kill('SIGTERM');
    expect(await program.ended).toEqual(endsIn(0));
  });
});
