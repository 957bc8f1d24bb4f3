import { awsResult, members, type AwsReply, type AwsRequest } from './scripted-aws.js';

const prefix = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333';
export const listenerArn = `${prefix}:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2`;
export const ruleArn = `${prefix}:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee`;
export const red = `${prefix}:targetgroup/red/73e2d6bc24d8a067`;
export const black = `${prefix}:targetgroup/black/84f3e7cd35e9b178`;

/** A forward action to red and black; `more` is put into its ForwardConfig. */
export function forwardXml(redWeight: number, blackWeight: number, more = '', order = 1): string {
  const tuple = (arn: string, weight: number): string =>
    `<TargetGroupArn>${arn}</TargetGroupArn><Weight>${weight}</Weight>`;
  return `<Type>forward</Type><Order>${order}</Order><ForwardConfig><TargetGroups>${members(tuple(red, redWeight), tuple(black, blackWeight))}</TargetGroups>${more}</ForwardConfig>`;
}

/** An action list of one forward action. */
export function forwardsXml(redWeight: number, blackWeight: number): string {
  return members(forwardXml(redWeight, blackWeight));
}

export function ruleXml(arn: string, actions: string, more = '<IsDefault>false</IsDefault>'): string {
  return `<RuleArn>${arn}</RuleArn>${more}<Actions>${actions}</Actions>`;
}

/** A reply with the rule `ruleArn`. */
export function rulesReply(action: string, actions: string, more?: string): AwsReply {
  return awsResult(action, `<Rules>${members(ruleXml(ruleArn, actions, more))}</Rules>`);
}

/** A reply with the listener `listenerArn`. */
export function listenersReply(action: string, actions: string): AwsReply {
  return awsResult(
    action,
    `<Listeners>${members(`<ListenerArn>${listenerArn}</ListenerArn><Port>80</Port><Protocol>HTTP</Protocol><DefaultActions>${actions}</DefaultActions>`)}</Listeners>`,
  );
}

/** A reply to DescribeTags that knows every resource and no tag. */
export function noTags({ params }: AwsRequest): AwsReply {
  const arns = [...params].filter(([key]) => key.startsWith('ResourceArns')).map(([, arn]) => arn);
  return awsResult(
    'DescribeTags',
    `<TagDescriptions>${members(...arns.map((arn) => `<ResourceArn>${arn}</ResourceArn><Tags/>`))}</TagDescriptions>`,
  );
}
