import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { holdHalfSentBodies } from '../../../bench/overload/halfSentBodies.ts';
import { useClosing } from '../../support/closing.ts';
import { findFreePort } from '../../support/freePort.ts';
import { type ProgramOptions, postTo, startProgram, statusAt } from '../../support/programs.ts';
import { until } from '../../support/until.ts';
import { noBudget, startCountingGraph, startSteadyLoad } from './load.ts';

const closeLater = useClosing();
const fixture = fileURLToPath(new URL('./faultOnSignal.mjs', import.meta.url));

/** Starts the built program at a Graph that takes its time, and waits until it takes requests. */
async function start(environment: Record<string, string> = {}, options: ProgramOptions = {}) {
  const graph = await startCountingGraph(400);
  const given = { GRAPH_BASE_URL: graph.url, DRAIN_DELAY_MS: '0', ...noBudget, ...environment };
  const program = startProgram(given, options);
  closeLater(program.end, graph.close);
  return { graph, program };
}

const endsIn = (code: number) => ({ code, signal: null });

it.each([
  ['exception', 'uncaughtException', 'Error'],
  ['rejection', 'unhandledRejection', 'TypeError'],
])(
  'an uncaught %s ends the program with 1 after what is in flight, and a log line without its text',
  async (FAULT, reason, name) => {
    const { graph, program } = await start({ FAULT, NODE_OPTIONS: `--import=${fixture}` });
    const load = startSteadyLoad(await program.url(), 2);
    await until(() => graph.adds.size > 0);
    const inFlight = [...graph.adds.keys()];
    program.kill('SIGUSR2');
    expect(await program.ended).toEqual(endsIn(1));
    await load.stop();
    const faultOf = (wanted: string) => load.outcomes.find(({ added }) => added === wanted)?.fault;
    expect(inFlight.map(faultOf)).toEqual(inFlight.map(() => undefined));
    const lineWith = (text: string): object =>
      JSON.parse(new RegExp(`^.*${text}.*$`, 'm').exec(program.output())?.[0] ?? '');
    expect(lineWith('uncaught')).toMatchObject({ level: 'error', reason, error: { name } });
    if (FAULT === 'exception') {
      const warning = { level: 'warn', reason: 'TestWarning', code: 'TEST01' };
      expect(lineWith('TestWarning')).toMatchObject(warning);
    }
    expect(program.output()).not.toContain('hunter2');
  },
);

it('reads the answers that came while the whole process was stopped, before deadlines judge them', async () => {
  const { graph, program } = await start({ OPERATION_TIMEOUT_MS: '3000' });
  const url = await program.url();
  const add = async (name: string): Promise<string> => {
    const query = `mutation { addComplianceManagementPartner(input: { displayName: "${name}" }) { complianceManagementPartner { id } } }`;
    return (await postTo(url, { query })).text;
  };
  await add('first');
  const waiting = Array.from({ length: 16 }, (_, index) => add(`waiting ${index}`));
  await until(() => graph.adds.size === 17);
  program.kill('SIGSTOP');
  // Longer than the operations may take, and than timers are late on a busy machine.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  program.kill('SIGCONT');
  const answers = [...(await Promise.all(waiting)), await add('last')];
  expect(answers.filter((answer) => answer.includes('"errors"'))).toEqual([]);
});

it('answers and ends in order if its log is closed', async () => {
  const PORT = String(await findFreePort());
  const url = `http://127.0.0.1:${PORT}`;
  const { program } = await start({ LOG_LEVEL: 'debug', PORT }, { output: 'closed' });
  await until(async () => (await statusAt(`${url}/readyz`)) === 200);
  // More than a pipe holds.
  for (let count = 0; count < 500; count += 50) {
    const statuses = await Promise.all(Array.from({ length: 50 }, () => statusAt(`${url}/livez`)));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  program.kill('SIGTERM');
  expect(await program.ended).toEqual(endsIn(0));
});

it('answers all of a steady load beside 2,000 half-sent bodies, of which the slow are cut and come again', async () => {
  // A busy machine makes the event loop late.
  const { program } = await start({ LOG_LEVEL: 'info', SHED_EVENT_LOOP_DELAY_MS: '0' });
  const url = await program.url();
  const held = holdHalfSentBodies(url, 2_000);
  const load = startSteadyLoad(url, 20);
  closeLater(held.close, load.stop);
  await until(() => held.opened() > 3_000 && load.outcomes.length > 300);
  await load.stop();
  expect(load.faults()).toEqual([]);
});
