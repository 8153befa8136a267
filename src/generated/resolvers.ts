import type * as Types from './graphql.ts';
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { PartnerModel, AssignmentModel, AssignmentTargetModel } from '../partners/model.ts';
import type { PartnerConnectionModel } from '../partners/list/page.ts';
import type { RequestContext } from '../partners/context.ts';
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };


export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Types.Maybe<TTypes> | Promise<Types.Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;




/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  AssignmentTarget:
    | ( Types.AllDevicesAssignmentTarget )
    | ( Types.AllLicensedUsersAssignmentTarget )
    | ( Types.ConfigurationManagerCollectionAssignmentTarget )
    | ( Types.ExclusionGroupAssignmentTarget )
    | ( Types.GroupAssignmentTarget )
    | ( Types.UnrecognizedAssignmentTarget )
  ;
  Node: ( PartnerModel );
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  AddComplianceManagementPartnerInput: Types.AddComplianceManagementPartnerInput;
  AddComplianceManagementPartnerPayload: ResolverTypeWrapper<Omit<Types.AddComplianceManagementPartnerPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversTypes['ComplianceManagementPartner']> }>;
  AddEnrollmentAssignmentInput: Types.AddEnrollmentAssignmentInput;
  AddEnrollmentAssignmentPayload: ResolverTypeWrapper<Omit<Types.AddEnrollmentAssignmentPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversTypes['ComplianceManagementPartner']> }>;
  AllDevicesAssignmentTarget: ResolverTypeWrapper<Types.AllDevicesAssignmentTarget>;
  AllDevicesAssignmentTargetInput: Types.AllDevicesAssignmentTargetInput;
  AllLicensedUsersAssignmentTarget: ResolverTypeWrapper<Types.AllLicensedUsersAssignmentTarget>;
  AllLicensedUsersAssignmentTargetInput: Types.AllLicensedUsersAssignmentTargetInput;
  AssignmentFilter: ResolverTypeWrapper<Types.AssignmentFilter>;
  AssignmentFilterInput: Types.AssignmentFilterInput;
  AssignmentFilterType: Types.AssignmentFilterType;
  AssignmentTarget: ResolverTypeWrapper<AssignmentTargetModel>;
  AssignmentTargetInput: Types.AssignmentTargetInput;
  AuthMode: Types.AuthMode;
  Boolean: ResolverTypeWrapper<Types.Scalars['Boolean']['output']>;
  CallerKind: Types.CallerKind;
  ComplianceManagementPartner: ResolverTypeWrapper<PartnerModel>;
  ComplianceManagementPartnerAssignment: ResolverTypeWrapper<AssignmentModel>;
  ComplianceManagementPartnerAssignmentInput: Types.ComplianceManagementPartnerAssignmentInput;
  ComplianceManagementPartnerConnection: ResolverTypeWrapper<PartnerConnectionModel>;
  ComplianceManagementPartnerEdge: ResolverTypeWrapper<Omit<Types.ComplianceManagementPartnerEdge, 'node'> & { node: ResolversTypes['ComplianceManagementPartner'] }>;
  ComplianceManagementPartnerFilter: Types.ComplianceManagementPartnerFilter;
  ComplianceManagementPartnerOrder: Types.ComplianceManagementPartnerOrder;
  ComplianceManagementPartnerOrderField: Types.ComplianceManagementPartnerOrderField;
  ConfigurationManagerCollectionAssignmentTarget: ResolverTypeWrapper<Types.ConfigurationManagerCollectionAssignmentTarget>;
  ConfigurationManagerCollectionAssignmentTargetInput: Types.ConfigurationManagerCollectionAssignmentTargetInput;
  DateTimeOffset: ResolverTypeWrapper<Types.Scalars['DateTimeOffset']['output']>;
  DeleteComplianceManagementPartnerInput: Types.DeleteComplianceManagementPartnerInput;
  DeleteComplianceManagementPartnerPayload: ResolverTypeWrapper<Omit<Types.DeleteComplianceManagementPartnerPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversTypes['ComplianceManagementPartner']> }>;
  DirectoryGroup: ResolverTypeWrapper<Types.DirectoryGroup>;
  DisplayNameFilter: Types.DisplayNameFilter;
  ExclusionGroupAssignmentTarget: ResolverTypeWrapper<Types.ExclusionGroupAssignmentTarget>;
  ExclusionGroupAssignmentTargetInput: Types.ExclusionGroupAssignmentTargetInput;
  GroupAssignmentTarget: ResolverTypeWrapper<Types.GroupAssignmentTarget>;
  GroupAssignmentTargetInput: Types.GroupAssignmentTargetInput;
  HeartbeatFilter: Types.HeartbeatFilter;
  ID: ResolverTypeWrapper<Types.Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Types.Scalars['Int']['output']>;
  JSONObject: ResolverTypeWrapper<Types.Scalars['JSONObject']['output']>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Node: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Node']>;
  NonEmptyString: ResolverTypeWrapper<Types.Scalars['NonEmptyString']['output']>;
  OperationKind: Types.OperationKind;
  OrderDirection: Types.OrderDirection;
  PageInfo: ResolverTypeWrapper<Types.PageInfo>;
  PartnerState: Types.PartnerState;
  PartnerStateFilter: Types.PartnerStateFilter;
  Platform: Types.Platform;
  PlatformEnrollment: ResolverTypeWrapper<Omit<Types.PlatformEnrollment, 'enrollmentAssignments'> & { enrollmentAssignments?: Types.Maybe<Array<ResolversTypes['ComplianceManagementPartnerAssignment']>> }>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  RemoveEnrollmentAssignmentInput: Types.RemoveEnrollmentAssignmentInput;
  RemoveEnrollmentAssignmentPayload: ResolverTypeWrapper<Omit<Types.RemoveEnrollmentAssignmentPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversTypes['ComplianceManagementPartner']> }>;
  String: ResolverTypeWrapper<Types.Scalars['String']['output']>;
  UUID: ResolverTypeWrapper<Types.Scalars['UUID']['output']>;
  UnrecognizedAssignmentTarget: ResolverTypeWrapper<Types.UnrecognizedAssignmentTarget>;
  UpdateComplianceManagementPartnerInput: Types.UpdateComplianceManagementPartnerInput;
  UpdateComplianceManagementPartnerPayload: ResolverTypeWrapper<Omit<Types.UpdateComplianceManagementPartnerPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversTypes['ComplianceManagementPartner']> }>;
  UserError: ResolverTypeWrapper<Types.UserError>;
  UserErrorCode: Types.UserErrorCode;
  Viewer: ResolverTypeWrapper<Types.Viewer>;
  ViewerOperation: ResolverTypeWrapper<Types.ViewerOperation>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  AddComplianceManagementPartnerInput: Types.AddComplianceManagementPartnerInput;
  AddComplianceManagementPartnerPayload: Omit<Types.AddComplianceManagementPartnerPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversParentTypes['ComplianceManagementPartner']> };
  AddEnrollmentAssignmentInput: Types.AddEnrollmentAssignmentInput;
  AddEnrollmentAssignmentPayload: Omit<Types.AddEnrollmentAssignmentPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversParentTypes['ComplianceManagementPartner']> };
  AllDevicesAssignmentTarget: Types.AllDevicesAssignmentTarget;
  AllDevicesAssignmentTargetInput: Types.AllDevicesAssignmentTargetInput;
  AllLicensedUsersAssignmentTarget: Types.AllLicensedUsersAssignmentTarget;
  AllLicensedUsersAssignmentTargetInput: Types.AllLicensedUsersAssignmentTargetInput;
  AssignmentFilter: Types.AssignmentFilter;
  AssignmentFilterInput: Types.AssignmentFilterInput;
  AssignmentTarget: AssignmentTargetModel;
  AssignmentTargetInput: Types.AssignmentTargetInput;
  Boolean: Types.Scalars['Boolean']['output'];
  ComplianceManagementPartner: PartnerModel;
  ComplianceManagementPartnerAssignment: AssignmentModel;
  ComplianceManagementPartnerAssignmentInput: Types.ComplianceManagementPartnerAssignmentInput;
  ComplianceManagementPartnerConnection: PartnerConnectionModel;
  ComplianceManagementPartnerEdge: Omit<Types.ComplianceManagementPartnerEdge, 'node'> & { node: ResolversParentTypes['ComplianceManagementPartner'] };
  ComplianceManagementPartnerFilter: Types.ComplianceManagementPartnerFilter;
  ComplianceManagementPartnerOrder: Types.ComplianceManagementPartnerOrder;
  ConfigurationManagerCollectionAssignmentTarget: Types.ConfigurationManagerCollectionAssignmentTarget;
  ConfigurationManagerCollectionAssignmentTargetInput: Types.ConfigurationManagerCollectionAssignmentTargetInput;
  DateTimeOffset: Types.Scalars['DateTimeOffset']['output'];
  DeleteComplianceManagementPartnerInput: Types.DeleteComplianceManagementPartnerInput;
  DeleteComplianceManagementPartnerPayload: Omit<Types.DeleteComplianceManagementPartnerPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversParentTypes['ComplianceManagementPartner']> };
  DirectoryGroup: Types.DirectoryGroup;
  DisplayNameFilter: Types.DisplayNameFilter;
  ExclusionGroupAssignmentTarget: Types.ExclusionGroupAssignmentTarget;
  ExclusionGroupAssignmentTargetInput: Types.ExclusionGroupAssignmentTargetInput;
  GroupAssignmentTarget: Types.GroupAssignmentTarget;
  GroupAssignmentTargetInput: Types.GroupAssignmentTargetInput;
  HeartbeatFilter: Types.HeartbeatFilter;
  ID: Types.Scalars['ID']['output'];
  Int: Types.Scalars['Int']['output'];
  JSONObject: Types.Scalars['JSONObject']['output'];
  Mutation: Record<PropertyKey, never>;
  Node: ResolversInterfaceTypes<ResolversParentTypes>['Node'];
  NonEmptyString: Types.Scalars['NonEmptyString']['output'];
  PageInfo: Types.PageInfo;
  PartnerStateFilter: Types.PartnerStateFilter;
  PlatformEnrollment: Omit<Types.PlatformEnrollment, 'enrollmentAssignments'> & { enrollmentAssignments?: Types.Maybe<Array<ResolversParentTypes['ComplianceManagementPartnerAssignment']>> };
  Query: Record<PropertyKey, never>;
  RemoveEnrollmentAssignmentInput: Types.RemoveEnrollmentAssignmentInput;
  RemoveEnrollmentAssignmentPayload: Omit<Types.RemoveEnrollmentAssignmentPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversParentTypes['ComplianceManagementPartner']> };
  String: Types.Scalars['String']['output'];
  UUID: Types.Scalars['UUID']['output'];
  UnrecognizedAssignmentTarget: Types.UnrecognizedAssignmentTarget;
  UpdateComplianceManagementPartnerInput: Types.UpdateComplianceManagementPartnerInput;
  UpdateComplianceManagementPartnerPayload: Omit<Types.UpdateComplianceManagementPartnerPayload, 'complianceManagementPartner'> & { complianceManagementPartner?: Types.Maybe<ResolversParentTypes['ComplianceManagementPartner']> };
  UserError: Types.UserError;
  Viewer: Types.Viewer;
  ViewerOperation: Types.ViewerOperation;
};

export type AddComplianceManagementPartnerPayloadResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['AddComplianceManagementPartnerPayload'] = ResolversParentTypes['AddComplianceManagementPartnerPayload']> = {
  complianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['ComplianceManagementPartner']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type AddEnrollmentAssignmentPayloadResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['AddEnrollmentAssignmentPayload'] = ResolversParentTypes['AddEnrollmentAssignmentPayload']> = {
  changed?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  complianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['ComplianceManagementPartner']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type AllDevicesAssignmentTargetResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['AllDevicesAssignmentTarget'] = ResolversParentTypes['AllDevicesAssignmentTarget']> = {
  filter?: Resolver<Types.Maybe<ResolversTypes['AssignmentFilter']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type AllLicensedUsersAssignmentTargetResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['AllLicensedUsersAssignmentTarget'] = ResolversParentTypes['AllLicensedUsersAssignmentTarget']> = {
  filter?: Resolver<Types.Maybe<ResolversTypes['AssignmentFilter']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type AssignmentFilterResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['AssignmentFilter'] = ResolversParentTypes['AssignmentFilter']> = {
  displayName?: Resolver<Types.Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  type?: Resolver<ResolversTypes['AssignmentFilterType'], ParentType, ContextType>;
};

export type AssignmentTargetResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['AssignmentTarget'] = ResolversParentTypes['AssignmentTarget']> = {
  __resolveType: TypeResolveFn<'AllDevicesAssignmentTarget' | 'AllLicensedUsersAssignmentTarget' | 'ConfigurationManagerCollectionAssignmentTarget' | 'ExclusionGroupAssignmentTarget' | 'GroupAssignmentTarget' | 'UnrecognizedAssignmentTarget', ParentType, ContextType>;
};

export type ComplianceManagementPartnerResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ComplianceManagementPartner'] = ResolversParentTypes['ComplianceManagementPartner']> = {
  androidEnrollmentAssignments?: Resolver<Types.Maybe<Array<ResolversTypes['ComplianceManagementPartnerAssignment']>>, ParentType, ContextType>;
  androidOnboarded?: Resolver<Types.Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  displayName?: Resolver<Types.Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  iosEnrollmentAssignments?: Resolver<Types.Maybe<Array<ResolversTypes['ComplianceManagementPartnerAssignment']>>, ParentType, ContextType>;
  iosOnboarded?: Resolver<Types.Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  lastHeartbeatDateTime?: Resolver<Types.Maybe<ResolversTypes['DateTimeOffset']>, ParentType, ContextType>;
  linuxEnrollmentAssignments?: Resolver<Types.Maybe<Array<ResolversTypes['ComplianceManagementPartnerAssignment']>>, ParentType, ContextType>;
  linuxOnboarded?: Resolver<Types.Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  macOsEnrollmentAssignments?: Resolver<Types.Maybe<Array<ResolversTypes['ComplianceManagementPartnerAssignment']>>, ParentType, ContextType>;
  macOsOnboarded?: Resolver<Types.Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  partnerState?: Resolver<Types.Maybe<ResolversTypes['PartnerState']>, ParentType, ContextType>;
  platforms?: Resolver<Array<ResolversTypes['PlatformEnrollment']>, ParentType, ContextType, Partial<Types.ComplianceManagementPartnerPlatformsArgs>>;
  revision?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  windowsEnrollmentAssignments?: Resolver<Types.Maybe<Array<ResolversTypes['ComplianceManagementPartnerAssignment']>>, ParentType, ContextType>;
  windowsOnboarded?: Resolver<Types.Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ComplianceManagementPartnerAssignmentResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ComplianceManagementPartnerAssignment'] = ResolversParentTypes['ComplianceManagementPartnerAssignment']> = {
  target?: Resolver<Types.Maybe<ResolversTypes['AssignmentTarget']>, ParentType, ContextType>;
};

export type ComplianceManagementPartnerConnectionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ComplianceManagementPartnerConnection'] = ResolversParentTypes['ComplianceManagementPartnerConnection']> = {
  edges?: Resolver<Array<ResolversTypes['ComplianceManagementPartnerEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['ComplianceManagementPartner']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type ComplianceManagementPartnerEdgeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ComplianceManagementPartnerEdge'] = ResolversParentTypes['ComplianceManagementPartnerEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['ComplianceManagementPartner'], ParentType, ContextType>;
};

export type ConfigurationManagerCollectionAssignmentTargetResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ConfigurationManagerCollectionAssignmentTarget'] = ResolversParentTypes['ConfigurationManagerCollectionAssignmentTarget']> = {
  collectionId?: Resolver<Types.Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  filter?: Resolver<Types.Maybe<ResolversTypes['AssignmentFilter']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export interface DateTimeOffsetScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTimeOffset'], any> {
  name: 'DateTimeOffset';
}

export type DeleteComplianceManagementPartnerPayloadResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['DeleteComplianceManagementPartnerPayload'] = ResolversParentTypes['DeleteComplianceManagementPartnerPayload']> = {
  complianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['ComplianceManagementPartner']>, ParentType, ContextType>;
  deletedComplianceManagementPartnerId?: Resolver<Types.Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type DirectoryGroupResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['DirectoryGroup'] = ResolversParentTypes['DirectoryGroup']> = {
  displayName?: Resolver<Types.Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export type ExclusionGroupAssignmentTargetResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ExclusionGroupAssignmentTarget'] = ResolversParentTypes['ExclusionGroupAssignmentTarget']> = {
  filter?: Resolver<Types.Maybe<ResolversTypes['AssignmentFilter']>, ParentType, ContextType>;
  group?: Resolver<Types.Maybe<ResolversTypes['DirectoryGroup']>, ParentType, ContextType>;
  groupId?: Resolver<Types.Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GroupAssignmentTargetResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['GroupAssignmentTarget'] = ResolversParentTypes['GroupAssignmentTarget']> = {
  filter?: Resolver<Types.Maybe<ResolversTypes['AssignmentFilter']>, ParentType, ContextType>;
  group?: Resolver<Types.Maybe<ResolversTypes['DirectoryGroup']>, ParentType, ContextType>;
  groupId?: Resolver<Types.Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export interface JsonObjectScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSONObject'], any> {
  name: 'JSONObject';
}

export type MutationResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  addComplianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['AddComplianceManagementPartnerPayload']>, ParentType, ContextType, RequireFields<Types.MutationAddComplianceManagementPartnerArgs, 'input'>>;
  addEnrollmentAssignment?: Resolver<Types.Maybe<ResolversTypes['AddEnrollmentAssignmentPayload']>, ParentType, ContextType, RequireFields<Types.MutationAddEnrollmentAssignmentArgs, 'input'>>;
  deleteComplianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['DeleteComplianceManagementPartnerPayload']>, ParentType, ContextType, RequireFields<Types.MutationDeleteComplianceManagementPartnerArgs, 'input'>>;
  removeEnrollmentAssignment?: Resolver<Types.Maybe<ResolversTypes['RemoveEnrollmentAssignmentPayload']>, ParentType, ContextType, RequireFields<Types.MutationRemoveEnrollmentAssignmentArgs, 'input'>>;
  updateComplianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['UpdateComplianceManagementPartnerPayload']>, ParentType, ContextType, RequireFields<Types.MutationUpdateComplianceManagementPartnerArgs, 'input'>>;
};

export type NodeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Node'] = ResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<'ComplianceManagementPartner', ParentType, ContextType>;
};

export interface NonEmptyStringScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['NonEmptyString'], any> {
  name: 'NonEmptyString';
}

export type PageInfoResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Types.Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Types.Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PlatformEnrollmentResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PlatformEnrollment'] = ResolversParentTypes['PlatformEnrollment']> = {
  enrollmentAssignments?: Resolver<Types.Maybe<Array<ResolversTypes['ComplianceManagementPartnerAssignment']>>, ParentType, ContextType>;
  onboarded?: Resolver<Types.Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  platform?: Resolver<ResolversTypes['Platform'], ParentType, ContextType>;
};

export type QueryResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  complianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['ComplianceManagementPartner']>, ParentType, ContextType, RequireFields<Types.QueryComplianceManagementPartnerArgs, 'id'>>;
  complianceManagementPartners?: Resolver<Types.Maybe<ResolversTypes['ComplianceManagementPartnerConnection']>, ParentType, ContextType, Partial<Types.QueryComplianceManagementPartnersArgs>>;
  node?: Resolver<Types.Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<Types.QueryNodeArgs, 'id'>>;
  nodes?: Resolver<Types.Maybe<Array<Types.Maybe<ResolversTypes['Node']>>>, ParentType, ContextType, RequireFields<Types.QueryNodesArgs, 'ids'>>;
  viewer?: Resolver<Types.Maybe<ResolversTypes['Viewer']>, ParentType, ContextType>;
};

export type RemoveEnrollmentAssignmentPayloadResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['RemoveEnrollmentAssignmentPayload'] = ResolversParentTypes['RemoveEnrollmentAssignmentPayload']> = {
  changed?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  complianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['ComplianceManagementPartner']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export interface UuidScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['UUID'], any> {
  name: 'UUID';
}

export type UnrecognizedAssignmentTargetResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['UnrecognizedAssignmentTarget'] = ResolversParentTypes['UnrecognizedAssignmentTarget']> = {
  filter?: Resolver<Types.Maybe<ResolversTypes['AssignmentFilter']>, ParentType, ContextType>;
  odataType?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  properties?: Resolver<ResolversTypes['JSONObject'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type UpdateComplianceManagementPartnerPayloadResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['UpdateComplianceManagementPartnerPayload'] = ResolversParentTypes['UpdateComplianceManagementPartnerPayload']> = {
  complianceManagementPartner?: Resolver<Types.Maybe<ResolversTypes['ComplianceManagementPartner']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type UserErrorResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['UserError'] = ResolversParentTypes['UserError']> = {
  code?: Resolver<ResolversTypes['UserErrorCode'], ParentType, ContextType>;
  field?: Resolver<Types.Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type ViewerResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Viewer'] = ResolversParentTypes['Viewer']> = {
  authMode?: Resolver<ResolversTypes['AuthMode'], ParentType, ContextType>;
  clientId?: Resolver<Types.Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  expiresAt?: Resolver<Types.Maybe<ResolversTypes['DateTimeOffset']>, ParentType, ContextType>;
  isVerified?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  kind?: Resolver<Types.Maybe<ResolversTypes['CallerKind']>, ParentType, ContextType>;
  operations?: Resolver<Array<ResolversTypes['ViewerOperation']>, ParentType, ContextType>;
  roles?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  scopes?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  tenantId?: Resolver<Types.Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
};

export type ViewerOperationResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ViewerOperation'] = ResolversParentTypes['ViewerOperation']> = {
  isPermitted?: Resolver<Types.Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['OperationKind'], ParentType, ContextType>;
  missingPermission?: Resolver<Types.Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type Resolvers<ContextType = RequestContext> = {
  AddComplianceManagementPartnerPayload?: AddComplianceManagementPartnerPayloadResolvers<ContextType>;
  AddEnrollmentAssignmentPayload?: AddEnrollmentAssignmentPayloadResolvers<ContextType>;
  AllDevicesAssignmentTarget?: AllDevicesAssignmentTargetResolvers<ContextType>;
  AllLicensedUsersAssignmentTarget?: AllLicensedUsersAssignmentTargetResolvers<ContextType>;
  AssignmentFilter?: AssignmentFilterResolvers<ContextType>;
  AssignmentTarget?: AssignmentTargetResolvers<ContextType>;
  ComplianceManagementPartner?: ComplianceManagementPartnerResolvers<ContextType>;
  ComplianceManagementPartnerAssignment?: ComplianceManagementPartnerAssignmentResolvers<ContextType>;
  ComplianceManagementPartnerConnection?: ComplianceManagementPartnerConnectionResolvers<ContextType>;
  ComplianceManagementPartnerEdge?: ComplianceManagementPartnerEdgeResolvers<ContextType>;
  ConfigurationManagerCollectionAssignmentTarget?: ConfigurationManagerCollectionAssignmentTargetResolvers<ContextType>;
  DateTimeOffset?: GraphQLScalarType;
  DeleteComplianceManagementPartnerPayload?: DeleteComplianceManagementPartnerPayloadResolvers<ContextType>;
  DirectoryGroup?: DirectoryGroupResolvers<ContextType>;
  ExclusionGroupAssignmentTarget?: ExclusionGroupAssignmentTargetResolvers<ContextType>;
  GroupAssignmentTarget?: GroupAssignmentTargetResolvers<ContextType>;
  JSONObject?: GraphQLScalarType;
  Mutation?: MutationResolvers<ContextType>;
  Node?: NodeResolvers<ContextType>;
  NonEmptyString?: GraphQLScalarType;
  PageInfo?: PageInfoResolvers<ContextType>;
  PlatformEnrollment?: PlatformEnrollmentResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  RemoveEnrollmentAssignmentPayload?: RemoveEnrollmentAssignmentPayloadResolvers<ContextType>;
  UUID?: GraphQLScalarType;
  UnrecognizedAssignmentTarget?: UnrecognizedAssignmentTargetResolvers<ContextType>;
  UpdateComplianceManagementPartnerPayload?: UpdateComplianceManagementPartnerPayloadResolvers<ContextType>;
  UserError?: UserErrorResolvers<ContextType>;
  Viewer?: ViewerResolvers<ContextType>;
  ViewerOperation?: ViewerOperationResolvers<ContextType>;
};

