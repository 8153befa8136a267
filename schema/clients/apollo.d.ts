/** A field policy for `complianceManagementPartners`. */
export declare const partnerPages: {
  keyArgs(args: Record<string, unknown> | null, context: { readonly field: unknown }): string;
  merge(
    existing: unknown,
    incoming: unknown,
    options: { readonly args: Record<string, unknown> | null },
  ): unknown;
};

/** For `new InMemoryCache({ typePolicies, possibleTypes })`. */
export declare const typePolicies: {
  Query: { fields: { complianceManagementPartners: typeof partnerPages } };
  AssignmentFilter: { keyFields: false };
};
