import type { EmulatorAnswer } from '../emulatorAnswer.ts';
import type { ProjectedPartner } from '../projection.ts';
import type { Oddity } from '../quirks.ts';
import { disguisePartner } from './disguisePartner.ts';

/** What an answer is to. */
export interface Asked {
  readonly method: string;
  readonly kind: 'collection' | 'partner';
}

/** Changes a success as oddities have it; what is stored, and a refusal, stay as they are. */
export function disguiseAnswer(
  oddities: ReadonlySet<Oddity>,
  { method, kind }: Asked,
  answer: EmulatorAnswer,
): EmulatorAnswer {
  const { body } = answer;
  if (answer.status >= 300 || body === undefined) {
    return answer;
  }
  if (method === 'PATCH' && oddities.has('no-content-update')) {
    return { status: 204 };
  }
  const disguised = disguiseBody(oddities, { ...body });
  const isWrapped = method === 'GET' && kind === 'partner' && oddities.has('value-wrapper');
  return { ...answer, body: isWrapped ? wrap(disguised) : disguised };
}

/** Only a list has an array for its value; one partner has none. */
function disguiseBody(oddities: ReadonlySet<Oddity>, body: ProjectedPartner): ProjectedPartner {
  const rows = body['value'];
  return Array.isArray(rows)
    ? { ...body, value: rows.map((row) => disguisePartner(oddities, row)) }
    : disguisePartner(oddities, body);
}

/** The context belongs to the answer and not to the partner, so it stays outside. */
function wrap(entity: ProjectedPartner): object {
  const { '@odata.context': context, ...value } = entity;
  return { '@odata.context': context, value };
}
