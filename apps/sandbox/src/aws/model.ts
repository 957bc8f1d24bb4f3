/** What the sandbox's AWS keeps of one account in one Region. Members in PascalCase are as on the wire; others are ours. */
export interface RegionState {
  readonly loadBalancers: Record<string, LoadBalancer>;
  readonly listeners: Record<string, Listener>;
  readonly rules: Record<string, Rule>;
  readonly targetGroups: Record<string, TargetGroup>;
  /** By target group ARN, then by `id:port`. */
  readonly targets: Record<string, Record<string, Target>>;
  readonly tags: Record<string, Record<string, string>>;
  /** Attributes that were set, by ARN of load balancer, target group or listener; the rest have their defaults. */
  readonly attributes: Record<string, Record<string, string>>;
  readonly securityGroups: Record<string, SecurityGroup>;
  /** Numbers what is created, so that lists have an order and pages a place to go on from. */
  sequence: number;
}

export type LoadBalancerType = 'application' | 'network';

export interface LoadBalancer {
  readonly sequence: number;
  readonly arn: string;
  readonly name: string;
  readonly type: LoadBalancerType;
  readonly scheme: 'internet-facing' | 'internal';
  readonly createdAtMs: number;
  ipAddressType: string;
  subnetIds: string[];
  securityGroupIds: string[];
}

export interface Listener {
  readonly sequence: number;
  readonly arn: string;
  readonly defaultRuleArn: string;
  readonly loadBalancerArn: string;
  port: number;
  protocol: string;
  certificateArns: string[];
  sslPolicy?: string;
  alpnPolicy?: string[];
  actions: Action[];
}

/** A rule that somebody created; a listener's default rule lives in the listener. */
export interface Rule {
  readonly sequence: number;
  readonly arn: string;
  readonly listenerArn: string;
  priority: number;
  conditions: Condition[];
  actions: Action[];
  transforms: Transform[];
}

export interface TargetGroupTuple {
  TargetGroupArn: string;
  Weight: number;
}

export interface Stickiness {
  Enabled: boolean;
  DurationSeconds?: number;
}

export interface ForwardConfig {
  TargetGroups: TargetGroupTuple[];
  TargetGroupStickinessConfig: Stickiness;
}

export interface OidcConfig {
  Issuer: string;
  AuthorizationEndpoint: string;
  TokenEndpoint: string;
  UserInfoEndpoint: string;
  ClientId: string;
  /** Kept, never shown. */
  ClientSecret?: string;
  SessionCookieName?: string;
  Scope?: string;
  SessionTimeout?: number;
  AuthenticationRequestExtraParams?: Record<string, string>;
  OnUnauthenticatedRequest?: string;
}

export type CognitoConfig = Omit<
  OidcConfig,
  'Issuer' | 'AuthorizationEndpoint' | 'TokenEndpoint' | 'UserInfoEndpoint' | 'ClientId' | 'ClientSecret'
> & { UserPoolArn: string; UserPoolClientId: string; UserPoolDomain: string };

export interface JwtConfig {
  JwksEndpoint: string;
  Issuer: string;
  AdditionalClaims?: { Format: string; Name: string; Values: string[] }[];
}

export interface RedirectConfig {
  Protocol: string;
  Port: string;
  Host: string;
  Path: string;
  Query: string;
  StatusCode: string;
}

export interface FixedResponseConfig {
  MessageBody?: string;
  StatusCode: string;
  ContentType?: string;
}

export type Action = { Order: number } & (
  | { Type: 'forward'; ForwardConfig: ForwardConfig }
  | { Type: 'redirect'; RedirectConfig: RedirectConfig }
  | { Type: 'fixed-response'; FixedResponseConfig: FixedResponseConfig }
  | { Type: 'authenticate-oidc'; AuthenticateOidcConfig: OidcConfig }
  | { Type: 'authenticate-cognito'; AuthenticateCognitoConfig: CognitoConfig }
  | { Type: 'jwt-validation'; JwtValidationConfig: JwtConfig }
);

export interface Condition {
  Field: string;
  Values?: string[];
  RegexValues?: string[];
  HostHeaderConfig?: { Values?: string[]; RegexValues?: string[] };
  PathPatternConfig?: { Values?: string[]; RegexValues?: string[] };
  HttpHeaderConfig?: { HttpHeaderName: string; Values?: string[]; RegexValues?: string[] };
  QueryStringConfig?: { Values: { Key?: string; Value: string }[] };
  HttpRequestMethodConfig?: { Values: string[] };
  SourceIpConfig?: { Values: string[] };
}

export interface Transform {
  Type: string;
  HostHeaderRewriteConfig?: { Rewrites: { Regex: string; Replace: string }[] };
  UrlRewriteConfig?: { Rewrites: { Regex: string; Replace: string }[] };
}

export interface HealthCheck {
  HealthCheckProtocol: string;
  HealthCheckPort: string;
  HealthCheckEnabled: boolean;
  HealthCheckIntervalSeconds: number;
  HealthCheckTimeoutSeconds: number;
  HealthyThresholdCount: number;
  UnhealthyThresholdCount: number;
  HealthCheckPath?: string;
  Matcher?: { HttpCode?: string; GrpcCode?: string };
}

export interface TargetGroup {
  readonly sequence: number;
  readonly arn: string;
  readonly name: string;
  readonly protocol: string;
  readonly protocolVersion?: string;
  readonly port: number;
  readonly vpcId: string;
  readonly targetType: 'instance' | 'ip';
  readonly ipAddressType: string;
  healthCheck: HealthCheck;
}

type TargetState = 'initial' | 'healthy' | 'unhealthy';

export interface Target {
  readonly id: string;
  readonly port: number;
  readonly availabilityZone?: string;
  /** The outcome of the checks; whether they count at all depends on the target group being attached. */
  state: TargetState;
  reason?: string;
  description?: string;
  /** Set once it was deregistered: it goes when this time has come. */
  drainingUntilMs?: number;
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly vpcId: string;
  readonly ingress: IngressPermission[];
}

export interface IngressPermission {
  protocol: string;
  fromPort?: number;
  toPort?: number;
  cidrs: string[];
  groupIds: string[];
}

export function emptyRegion(): RegionState {
  return {
    loadBalancers: {},
    listeners: {},
    rules: {},
    targetGroups: {},
    targets: {},
    tags: {},
    attributes: {},
    securityGroups: {},
    sequence: 0,
  };
}
