/**
 * Gives an id of Graph's as logs, spans and answers may show it: what has another form is none, whatever it is. A token
 * is longer.
 */
export function safeIdOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.-]{1,64}$/.test(text) ? text : undefined;
}
