/** The token of the README's examples. Only the embedded Graph accepts it; it opens nothing else. */
export const embeddedGraphToken = 'embedded-graph-token';
