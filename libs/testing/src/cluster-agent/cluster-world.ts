import type { ClusterAccess, ClusterAgent, DesiredBinding } from '@sluice/control';

/** A Service to put into the cluster before a test; its namespace is made too. */
export interface ServiceSeed {
  readonly namespace: string;
  readonly name: string;
  /** ClusterIP unless set. */
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** One port `http` 80 unless set. */
  readonly ports?: readonly { readonly name: string; readonly port: number }[];
  /** 2 unless set. */
  readonly readyPods?: number;
  readonly notReadyPods?: number;
  /** Ready endpoints that are no pods. */
  readonly otherEndpoints?: number;
}

/** A binding that somebody else makes, as they would write it. */
export interface ForeignBinding {
  readonly namespace: string;
  readonly name: string;
  readonly service: string;
  readonly port?: number | string;
  readonly targetGroupArn: string;
  readonly targetType?: 'ip' | 'instance';
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** A Warning or a success of the controller, `ageSeconds` old. */
export interface ControllerEvent {
  readonly type: 'Warning' | 'Normal';
  readonly reason: string;
  readonly message: string;
  readonly ageSeconds: number;
}

/** What the controller's webhook does with every binding of one namespace. */
export type WebhookAnswer = { readonly kind: 'down' } | { readonly kind: 'deny'; readonly message: string };

/** One cluster under test: the agent, ways to reach it, and hands inside it that are not ours. */
export interface ClusterWorld {
  readonly agent: ClusterAgent;
  /** With the minimum role. */
  readonly access: ClusterAccess;
  /** A user who may log in and nothing else. */
  readonly powerless: ClusterAccess;
  namespace(name: string): Promise<void>;
  service(seed: ServiceSeed): Promise<void>;
  foreignBinding(binding: ForeignBinding): Promise<void>;
  /** Another manager takes over `spec.serviceRef.port` by server-side apply with force. */
  otherManagerSetsPort(binding: Named, manager: string, port: number): Promise<void>;
  /** The binding's spec as the cluster keeps it; null if there is none. */
  spec(binding: Named): Promise<Record<string, unknown> | null>;
  event(binding: Named, event: ControllerEvent): Promise<void>;
  /** `Ready=False` in the binding's status, as the controller writes it when a clean-up fails. */
  failedCleanup(binding: Named, message: string): Promise<void>;
  setFinalizers(binding: Named, finalizers: readonly string[]): Promise<void>;
  /** From here on, until the returned function is called; in force when the promise is kept. */
  webhook(namespace: string, answer: WebhookAnswer): Promise<() => Promise<void>>;
}

export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** A binding of ours as most tests want it. */
export function desiredBinding(change: Partial<DesiredBinding> & Pick<DesiredBinding, 'namespace'>): DesiredBinding {
  return {
    name: 'sluice-red',
    service: 'red-service',
    port: 80,
    targetGroupArn: targetGroupArn(`${change.namespace}-red`),
    targetType: 'ip',
    networking: null,
    labels: {
      'app.kubernetes.io/managed-by': 'sluice',
      'sluice.dev/backend': 'backend-red',
      'sluice.dev/project': 'project-1',
    },
    ...change,
  };
}

/** A well-formed target group ARN with this name. */
export function targetGroupArn(name: string): string {
  return `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/0123456789abcdef`;
}
