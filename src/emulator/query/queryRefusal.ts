/** Why a query is not answered. */
export interface QueryRefusal {
  /** 400 where Graph refuses it, 500 where Graph lets it through and Intune's service fails on it. */
  readonly status: 400 | 500;
  readonly message: string;
}

/** What was read from a query, or why it is not answered. */
export type QueryReading<T> = T | { readonly refusal: QueryRefusal };

/** Refuses a query as Graph does. */
export function refuseQuery(message: string): { readonly refusal: QueryRefusal } {
  return { refusal: { status: 400, message } };
}
