import { AwsError, validationError } from './aws-error.js';
import { readForward, type ActionPlace } from './forward-action.js';
import type { Action, CognitoConfig, FixedResponseConfig, JwtConfig, OidcConfig, RedirectConfig } from './model.js';
import type { Params } from './params.js';

const types = [
  'forward',
  'authenticate-oidc',
  'authenticate-cognito',
  'redirect',
  'fixed-response',
  'jwt-validation',
] as const;
const terminal = new Set<string>(['forward', 'redirect', 'fixed-response']);
const maxActions = 5;

/**
 * Reads an action list as it is to be stored: checked, ordered, every weight given.
 * @throws AwsError as ELBv2 refuses it; nothing has been changed then.
 */
export function readActions(list: readonly Params[], place: ActionPlace): Action[] {
  if (list.length > maxActions)
    throw new AwsError('TooManyActions', `An action list may have at most ${maxActions} actions`);
  const orders = list.map((item) => item.integer('Order', 1, 50_000));
  if (list.length > 1 && orders.includes(undefined)) {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      'An action order must be specified for each action, as there are several',
    );
  }
  const actions = list
    .map((item, index) => readAction(item, orders[index] ?? 1, place))
    .sort((a, b) => a.Order - b.Order);
  checkSequence(actions, place);
  return actions;
}

function checkSequence(actions: readonly Action[], place: ActionPlace): void {
  const orders = new Set(actions.map((action) => action.Order));
  if (orders.size !== actions.length)
    throw new AwsError('InvalidLoadBalancerAction', 'Two actions may not have the same order');
  const last = actions.at(-1);
  if (last === undefined || !terminal.has(last.Type)) {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      'The last action must be one of: forward, redirect, fixed-response',
    );
  }
  if (actions.slice(0, -1).some((action) => terminal.has(action.Type))) {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      'Only one forward, redirect or fixed-response action may be given, and it must be performed last',
    );
  }
  if (actions.length > 2)
    throw new AwsError('InvalidLoadBalancerAction', 'Only one authentication action may precede the last one');
  if (actions.length > 1 && place.protocol !== 'HTTPS') {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      `Authentication actions are supported on HTTPS listeners only, and this one is ${place.protocol}`,
    );
  }
  if (place.loadBalancer.type === 'network' && last.Type !== 'forward') {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      `Actions of type '${last.Type}' are not supported by network load balancers`,
    );
  }
}

function readAction(item: Params, Order: number, place: ActionPlace): Action {
  item.required('Type');
  const Type = item.oneOf('Type', types);
  switch (Type) {
    case 'forward':
      return { Order, Type, ForwardConfig: readForward(item, place) };
    case 'redirect':
      return { Order, Type, RedirectConfig: readRedirect(config(item, 'RedirectConfig'), place) };
    case 'fixed-response':
      return { Order, Type, FixedResponseConfig: readFixedResponse(config(item, 'FixedResponseConfig')) };
    case 'authenticate-oidc':
      return { Order, Type, AuthenticateOidcConfig: readOidc(config(item, 'AuthenticateOidcConfig'), place) };
    case 'authenticate-cognito':
      return { Order, Type, AuthenticateCognitoConfig: readCognito(config(item, 'AuthenticateCognitoConfig')) };
    case 'jwt-validation':
      return { Order, Type, JwtValidationConfig: readJwt(config(item, 'JwtValidationConfig')) };
    case undefined:
      throw validationError(`'${item.at('Type')}' must be specified`);
  }
}

function config(item: Params, name: string): Params {
  const found = item.struct(name);
  if (found === undefined)
    throw validationError(`'${item.at(name)}' must be specified for an action of type '${item.required('Type')}'`);
  return found;
}

function readRedirect(item: Params, place: ActionPlace): RedirectConfig {
  const redirect: RedirectConfig = {
    Protocol: item.string('Protocol') ?? '#{protocol}',
    Port: item.string('Port') ?? '#{port}',
    Host: item.string('Host') ?? '#{host}',
    Path: item.string('Path') ?? '/#{path}',
    Query: item.string('Query') ?? '#{query}',
    StatusCode: item.oneOf('StatusCode', ['HTTP_301', 'HTTP_302']) ?? item.required('StatusCode'),
  };
  if (!/^(HTTPS?|#\{protocol\})$/.test(redirect.Protocol))
    throw validationError(`'${item.at('Protocol')}' must be HTTP, HTTPS or #{protocol}`);
  if (!redirect.Path.startsWith('/')) throw validationError(`'${item.at('Path')}' must start with a '/'`);
  const samePlace = [['#{protocol}', place.protocol], ['#{port}', String(place.port)], ['#{host}'], ['/#{path}']].every(
    (same, index) => same.includes([redirect.Protocol, redirect.Port, redirect.Host, redirect.Path][index] ?? ''),
  );
  if (samePlace)
    throw new AwsError('InvalidLoadBalancerAction', 'The RedirectConfig is not valid because it creates a loop');
  return redirect;
}

const contentTypes = ['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json'] as const;

function readFixedResponse(item: Params): FixedResponseConfig {
  const StatusCode = item.required('StatusCode');
  if (!/^[245]\d\d$/.test(StatusCode)) throw validationError(`'${item.at('StatusCode')}' must be 2XX, 4XX or 5XX`);
  const MessageBody = item.string('MessageBody');
  if (MessageBody !== undefined && MessageBody.length > 1024)
    throw validationError(`'${item.at('MessageBody')}' may have at most 1024 characters`);
  return { StatusCode, MessageBody, ContentType: item.oneOf('ContentType', contentTypes) };
}

function readSession(
  item: Params,
): Pick<
  OidcConfig,
  'SessionCookieName' | 'Scope' | 'SessionTimeout' | 'AuthenticationRequestExtraParams' | 'OnUnauthenticatedRequest'
> {
  return {
    SessionCookieName: item.string('SessionCookieName') ?? 'AWSELBAuthSessionCookie',
    Scope: item.string('Scope') ?? 'openid',
    SessionTimeout: item.integer('SessionTimeout', 1, 604_800) ?? 604_800,
    AuthenticationRequestExtraParams: item.map('AuthenticationRequestExtraParams'),
    OnUnauthenticatedRequest:
      item.oneOf('OnUnauthenticatedRequest', ['deny', 'allow', 'authenticate']) ?? 'authenticate',
  };
}

function readOidc(item: Params, place: ActionPlace): OidcConfig {
  const Issuer = item.required('Issuer');
  const ClientId = item.required('ClientId');
  return {
    Issuer,
    ClientId,
    ClientSecret: readClientSecret(item, place, Issuer, ClientId),
    AuthorizationEndpoint: item.required('AuthorizationEndpoint'),
    TokenEndpoint: item.required('TokenEndpoint'),
    UserInfoEndpoint: item.required('UserInfoEndpoint'),
    ...readSession(item),
  };
}

/** The secret given, or with UseExistingClientSecret the one kept for the same issuer and client. */
function readClientSecret(item: Params, place: ActionPlace, issuer: string, clientId: string): string {
  const given = item.string('ClientSecret');
  if (!item.boolean('UseExistingClientSecret')) {
    if (given === undefined)
      throw validationError(`'${item.at('ClientSecret')}' must be specified, or UseExistingClientSecret be true`);
    return given;
  }
  if (given !== undefined)
    throw validationError(`'${item.at('ClientSecret')}' must not be specified when UseExistingClientSecret is true`);
  for (const action of place.existing) {
    if (action.Type !== 'authenticate-oidc') continue;
    const { Issuer, ClientId, ClientSecret } = action.AuthenticateOidcConfig;
    if (Issuer === issuer && ClientId === clientId && ClientSecret !== undefined) return ClientSecret;
  }
  throw validationError(
    `'${item.at('UseExistingClientSecret')}' is true, but there is no client secret for this issuer and client yet`,
  );
}

function readCognito(item: Params): CognitoConfig {
  return {
    UserPoolArn: item.required('UserPoolArn'),
    UserPoolClientId: item.required('UserPoolClientId'),
    UserPoolDomain: item.required('UserPoolDomain'),
    ...readSession(item),
  };
}

function readJwt(item: Params): JwtConfig {
  const claims = item.structs('AdditionalClaims')?.map((claim) => ({
    Format:
      claim.oneOf('Format', ['single-string', 'string-array', 'space-separated-values']) ?? claim.required('Format'),
    Name: claim.required('Name'),
    Values: claim.strings('Values') ?? [],
  }));
  return { JwksEndpoint: item.required('JwksEndpoint'), Issuer: item.required('Issuer'), AdditionalClaims: claims };
}

/** An action list as AWS shows it: a single target group in both forms, secrets left out. */
export function actionsView(actions: readonly Action[]): object[] {
  return actions.map((action) => {
    if (action.Type === 'authenticate-oidc')
      return { ...action, AuthenticateOidcConfig: withoutSecret(action.AuthenticateOidcConfig) };
    if (action.Type !== 'forward') return action;
    const [only, ...others] = action.ForwardConfig.TargetGroups;
    return others.length === 0 ? { ...action, TargetGroupArn: only?.TargetGroupArn } : action;
  });
}

function withoutSecret(config: OidcConfig): object {
  const shown: Partial<OidcConfig> = { ...config };
  delete shown.ClientSecret;
  return shown;
}
