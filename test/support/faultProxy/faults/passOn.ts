import type { RequestFault } from '../fault.ts';
import { toBytes } from '../httpAnswer.ts';

/** No fault at all: the upstream executes the request, and its answer goes to the client as it is. */
export const passOn: RequestFault = {
  name: 'passes through',
  at: 'request',
  executes: true,
  play: ({ wire, answer }) => wire.write(toBytes(answer)),
};
