import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';

/** An embedded Graph of the current beta that records its requests. */
export function startTestGraph(options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  return startEmulator({
    port: 0,
    generation: 'today',
    clock: systemClock,
    acceptToken: (token) => token === embeddedGraphToken,
    recordRequests: true,
    ...options,
  });
}
