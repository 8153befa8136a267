import type { ConnectionFault } from '../fault.ts';

/** Accepts and never says a word, so that a TLS handshake hangs, and so does a request without TLS. */
export function hangAtConnect(): ConnectionFault {
  return { name: 'hangs at connect', at: 'connection', play: (wire) => wire.untilGone() };
}

/** Sends RST as soon as it has accepted. */
export function resetAtConnect(): ConnectionFault {
  return { name: 'reset at connect', at: 'connection', play: (wire) => wire.reset() };
}

/** Sends FIN as soon as it has accepted. */
export function closeAtConnect(): ConnectionFault {
  return {
    name: 'close at connect',
    at: 'connection',
    play(wire) {
      wire.finish();
      return wire.untilGone();
    },
  };
}
