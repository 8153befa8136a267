import type { Pool } from 'undici';
import { addOperation, listOperation, partner } from '../bodies.ts';

/** One request, as its sender saw it. */
export interface Sample {
  /** When it was due, since the load's beginning. */
  readonly atMs: number;
  /** From when it was due to the end of its answer: a sender that is held up counts as well. */
  readonly latencyMs: number;
  readonly outcome: Outcome;
}

/** What became of a request; a wrong answer says in what way it is wrong. */
export type Outcome = 'accepted' | 'refused' | `wrong: ${string}`;

const tickMs = 4;

/** Sends a fixed number of requests per second, whether the earlier ones are answered or not, as independent callers do. */
export async function runOpenLoad(
  pool: Pool,
  perSecond: number,
  seconds: number,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const pending: Promise<void>[] = [];
  const startMs = performance.now();
  const total = Math.round(perSecond * seconds);
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - startMs) / 1000) * perSecond));
    while (sent < due) {
      const atMs = (sent / perSecond) * 1000;
      const isAdd = sent % 2 === 0;
      sent += 1;
      pending.push(
        sendOne(pool, isAdd)
          .catch((error: unknown): Outcome => `wrong: ${String(error)}`)
          .then((outcome) => {
            samples.push({ atMs, latencyMs: performance.now() - startMs - atMs, outcome });
          }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  await Promise.all(pending);
  return samples;
}

/** Sends one add or read and looks at the answer. */
export async function sendOne(pool: Pool, isAdd: boolean): Promise<Outcome> {
  const answer = await pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench-token' },
    body: isAdd ? addOperation : listOperation,
  });
  const text = await answer.body.text();
  if (isAccepted(answer.statusCode, text, isAdd)) {
    return 'accepted';
  }
  return /"code":"(OVERLOADED|THROTTLED)"/.test(text) && text.includes('"retryAfterSeconds":')
    ? 'refused'
    : `wrong: ${answer.statusCode} ${text.slice(0, 200)}`;
}

function isAccepted(status: number, text: string, isAdd: boolean): boolean {
  return status === 200 && text.split(partner.lastHeartbeatDateTime).length === (isAdd ? 2 : 101);
}
