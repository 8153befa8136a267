import type { CsdlProperty } from './csdl.ts';

/** One difference between what metadata says and what the gateway knows. Types and enums go by full names. */
export type Drift =
  | { readonly kind: 'resourceMissing' }
  | {
      readonly kind: 'propertyAppeared';
      readonly type: string;
      readonly name: string;
      readonly property: CsdlProperty;
    }
  | { readonly kind: 'propertyVanished'; readonly type: string; readonly name: string }
  | {
      readonly kind: 'typeChanged';
      readonly type: string;
      readonly name: string;
      readonly known: string;
      readonly found: string;
    }
  | {
      readonly kind: 'nullabilityChanged';
      readonly type: string;
      readonly name: string;
      readonly isNullable: boolean;
    }
  | { readonly kind: 'enumVanished'; readonly type: string }
  | { readonly kind: 'memberAppeared'; readonly type: string; readonly member: string }
  | { readonly kind: 'memberVanished'; readonly type: string; readonly member: string }
  | {
      readonly kind: 'targetAppeared';
      readonly type: string;
      /** Beside those that all targets have. */
      readonly properties: ReadonlyMap<string, CsdlProperty>;
    }
  | { readonly kind: 'targetVanished'; readonly type: string }
  | { readonly kind: 'operationAppeared'; readonly type: string; readonly name: string }
  | { readonly kind: 'typeOpened'; readonly type: string }
  | {
      readonly kind: 'deprecated';
      /** A type, or `type/member`. */
      readonly subject: string;
      /** As the metadata has it, such as 2027-03-31. */
      readonly removalDate: string;
    };
