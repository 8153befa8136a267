import { expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { holdHalfSentBodies } from '../../../bench/overload/halfSentBodies.ts';
import { startProgram } from '../../support/programs.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';

const bodies = 2_000;
const seconds = volumeOf(60);
const perSecond = 100;

it(
  `all of ${perSecond} requests a second are answered beside ${bodies} half-sent bodies for ${seconds} s`,
  async () => {
    const program = startProgram({ LOG_LEVEL: 'info' });
    const url = await program.url();
    const pool = new Pool(url);
    const held = holdHalfSentBodies(url, bodies);
    const ask = async (): Promise<number> => {
      const answer = await pool.request({
        method: 'POST',
        path: '/graphql',
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer embedded-graph-token',
        },
        body: '{"query":"{ complianceManagementPartners { totalCount } }"}',
      });
      await answer.body.dump();
      return answer.statusCode;
    };
    const asking: Promise<number>[] = [];
    for (let tick = 0; tick < seconds * 10; tick += 1) {
      const batch = Array.from({ length: perSecond / 10 }, ask);
      asking.push(...batch);
      // On a machine too slow for the pace, more in flight would be rejected for the delay of the event loop, rightly.
      await Promise.all([...batch, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    const statuses = await Promise.all(asking);
    held.close();
    await pool.destroy();
    program.kill('SIGTERM');
    expect(held.opened()).toBeGreaterThan(bodies);
    expect([...new Set(statuses)]).toEqual([200]);
    await program.ended;
  },
  timeLimitMs(seconds * 1_000),
);
