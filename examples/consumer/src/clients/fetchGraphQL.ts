/** Where the gateway is, and the token for it. */
export interface Place {
  readonly graphqlUrl: string;
  readonly token: string;
}

let place: Place | undefined;

/** Says where `fetchGraphQL` asks: what is generated knows no context. */
export function askAt(given: Place): void {
  place = given;
}

/** Posts an operation; throws the first error that the answer has. */
export async function post<Data>(
  { graphqlUrl, token }: Place,
  query: string | null | undefined,
  variables?: unknown,
): Promise<Data> {
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors = [] } = (await response.json()) as {
    data?: Data;
    errors?: readonly { message: string }[];
  };
  if (data == null || errors.length > 0) {
    throw new Error(errors[0]?.message ?? `HTTP ${response.status}`);
  }
  return data;
}

/** What the generated hooks of React Query call. */
export function fetchGraphQL<Data, Variables>(
  query: { toString(): string },
  variables?: Variables,
  _headers?: RequestInit['headers'],
) {
  return (): Promise<Data> => {
    if (place === undefined) {
      throw new Error('Call askAt first.');
    }
    return post(place, query.toString(), variables);
  };
}
