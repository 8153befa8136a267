import type { ServerResponse } from 'node:http';

/** Calls the listener once when the response is finished or its connection is gone; at once if that was before. */
export function onceClosed(response: ServerResponse, listener: () => void): void {
  if (response.destroyed) {
    listener();
  } else {
    response.once('close', listener);
  }
}
