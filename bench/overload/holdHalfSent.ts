import { holdHalfSentBodies } from './halfSentBodies.ts';

/** Holds half-sent bodies in a process of its own, so that it does not hold up what is measured. */
const [url = '', count = '0'] = process.argv.slice(2);
const held = holdHalfSentBodies(url, Number(count));
setInterval(() => process.stderr.write(`half-sent  ${held.opened()} bodies begun\n`), 10_000);
// What starts this waits for a port.
process.stdout.write('port 0\n');
