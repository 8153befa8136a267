/** What the log told of a request, in its order, and whether there was nobody to be answered any more. */
export function toldOf(logLines: readonly string[], requestId: string): readonly string[] {
  return logLines
    .filter((line) => line.includes(requestId))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .filter((line) => line['requestId'] === requestId)
    .map((line) => `${line['message']}${line['hasCallerLeft'] === true ? ', to nobody' : ''}`);
}
