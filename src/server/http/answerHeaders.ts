/** What every answer says unless it knows better: it is for this caller now, and it is what it says it is. */
export const answerHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;
